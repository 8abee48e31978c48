"""Pure tests; they mirror the tree."""
