"""Deployments: which version of the workers is current, which is ramping, and what drains."""
