"""The pure parts of search.postgres."""
