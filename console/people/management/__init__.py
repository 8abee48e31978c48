"""Commands of the people capability."""
