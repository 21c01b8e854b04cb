"""Looking after the catalogue: editing, merging and splitting, with a history that can be undone; takedowns."""
