"""The hot loops in C, built on the machine that runs them."""
