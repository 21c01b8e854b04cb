"""Uploads: admission, ingest, naming, ownership, folder imports."""

# Where a web server that reads bodies only when they are admitted puts the one in question.
PENDING_BODY = "stemoteca.pending_body"
