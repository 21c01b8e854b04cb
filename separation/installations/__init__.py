"""Installations of models by administrators: rows, work in the background, and what the page shows."""
