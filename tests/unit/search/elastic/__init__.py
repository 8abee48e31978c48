"""The pure parts of search.elastic."""
