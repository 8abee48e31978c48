"""The pure parts of engine.matching."""
