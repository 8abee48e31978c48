"""The pure parts of search.relay."""
