"""Formats of dates where Django's own are not used, by language."""
