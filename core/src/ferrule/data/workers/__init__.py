"""Batches made by other processes.

`process` is what a worker does, `pool` starts workers and stops them, `iteration` is one epoch as
the loader sees it. `channel` carries messages between the two sides, `shipping` what is too large
for a message, `failure` exceptions.
"""
