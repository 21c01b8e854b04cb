"""Likes, wishes, notices, setlists and plays."""
