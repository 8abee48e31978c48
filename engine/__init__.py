"""The engine: Temporal's protocol over a pure core and a PostgreSQL store.

    server ▶ frontend ▶ background ▶ shards │ matching ▶ namespaces ▶ store ▶ ports ▶ core

`core` decides, `shards` commits, `matching` hands out, `frontend` speaks gRPC. Start reading at
`frontend/steering.py` and follow one signal (ARCHITECTURE.md names the eight files).
"""
