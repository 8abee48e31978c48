"""What the public messages do not do by themselves; no I/O, no gRPC.

tokens.py    task tokens and page tokens: versioned, refused when broken
wire.py      put serialised messages into others without parsing them
memos.py     what a memo says, in words that a search finds
times.py     nanoseconds <-> Timestamp and Duration
"""
