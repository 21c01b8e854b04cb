"""Curation: edits, merges and splits, with a history that can be undone; reports; takedowns."""
