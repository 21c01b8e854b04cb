"""How the bundled models are made: songs, network, loss, calibration, export and evaluation."""
