"""The proof, each kind where it is cheapest.

unit          pure parts; no database, no network, no loop
architecture  import contracts, sizes, names, maps, tables
store         each store module against PostgreSQL
features      use cases through gRPC with a scripted worker
sdk           the official SDK against our port and against the official dev server
relay         outbox to index, against a real Elasticsearch
console       one file a view, and a real browser over everything
simulation    one seed: clock, crashes, lost commits
stack         the process runner behind `make up`
bench         what `make bench` measures
support       the language that the others are written in
"""
