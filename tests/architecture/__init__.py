"""The architecture, executed: import contracts, sizes, names, maps, tables and schema."""
