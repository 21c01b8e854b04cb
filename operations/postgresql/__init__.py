"""The database backend of the website: Django's for PostgreSQL, with a limit on the time it waits for an answer.

No setting of PostgreSQL or libpq does it. A server that is stopped (SIGSTOP, a frozen disk or virtual machine) enforces
no ``statement_timeout``, and its kernel still acknowledges packets, so neither keep-alives nor ``tcp_user_timeout`` end
a connection. Each request would hold a thread of the website for ever.
"""
