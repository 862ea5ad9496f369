"""`duologue verify`: speaks to an installation like any client, makes faults, and judges what came of it.

It shares no code with the services: whoever judges must not make the same mistake twice.
"""
