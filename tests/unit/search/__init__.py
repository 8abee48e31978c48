"""The pure parts of search: no database, no network, no clock."""
