"""The command ``stemoteca`` of an installed wheel. In the repository, `manage.py` does the same."""
