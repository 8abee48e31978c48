"""The console's pure parts: no database, no server."""
