"""What is one person's: likes, wishes, notices, setlists; and what counts as a play."""
