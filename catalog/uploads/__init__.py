"""Files that people send: who may send what to which address, before and while it arrives."""

# Where a web server that reads bodies only when they are admitted puts the one in question.
PENDING_BODY = "stemoteca.pending_body"
