"""Looking after the catalogue."""
