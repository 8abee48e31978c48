"""The query language, from text to a backend's own words."""
