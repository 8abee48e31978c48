"""A file for each noun of `engine/core/transitions`."""
