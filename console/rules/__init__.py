"""Workflow rules: activities of a kind are paused as they begin, until somebody takes the rule."""
