"""Overview: the counts of a namespace by status, type, any keyword attribute and over time."""
