"""The pure parts of engine.protocol."""
