"""What the public messages do not do by themselves; no I/O, no gRPC.

tokens.py    task tokens and page tokens: versioned, refused when broken
wire.py      put serialised messages into others without parsing them
times.py     nanoseconds <-> Timestamp and Duration
"""
