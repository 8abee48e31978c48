"""Unit tests of the core: no database, no network, no loop."""
