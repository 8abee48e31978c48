"""The pure parts of engine.shards."""
