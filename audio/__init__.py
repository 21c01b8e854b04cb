"""Audio in and out: probing, decoding, identity, encoding. Nothing here knows Django."""
