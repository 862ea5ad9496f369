"""Load clients: each runs in a process of its own, reads its plan as JSON on stdin and prints its result on stdout."""
