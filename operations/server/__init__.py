"""The web server: waitress, with what it needs to face the internet without a proxy.

One loop reads and writes all sockets, and threads get complete requests only, so a slow or silent client occupies a
socket and never a thread. No library does all of it: gunicorn's threads wait for slow clients, ASGI servers need an h11
that the pinned TensorFlow excludes, and waitress alone has no deadline for bodies, stores a body of any size before
Django sees the headers, and closes the connection of a refused upload before its sender has read the response. Added
here: a deadline for each phase of a connection (``channel.py``), admission of bodies by their headers (``body.py``),
and a fair queue of requests (``turns.py``).
"""
