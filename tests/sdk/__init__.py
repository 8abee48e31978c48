"""The official Python SDK against our port: real workers, real clients."""
