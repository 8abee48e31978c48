"""Figures, never tests: `make bench` prints design's table, as ratios of one run."""
