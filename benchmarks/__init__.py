"""What Stemoteca costs and how exact it is, measured on this machine: ``python -m benchmarks``."""
