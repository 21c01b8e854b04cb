"""Solos by instruments that no training song has used: other methods of synthesis, and other people's recordings.

Nothing that makes training songs imports this package.
"""
