"""The web server: waitress, with what an address on the open internet needs beyond it.

One loop reads and writes all sockets, and threads see only complete requests, so a client that is slow or silent costs
a socket and never a thread. On top of waitress: every phase of a connection has a deadline, a body of any size is
admitted by Django from its headers before it is read (``body.py``), and clients see the answer to a refused one.
"""
