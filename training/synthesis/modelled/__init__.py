"""Instruments computed from arithmetic, each time a little different: no timbre is a single recording."""
