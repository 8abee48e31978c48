"""The pure parts of engine.frontend."""
