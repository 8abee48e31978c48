"""Task queues: who polls, what waits, and which queue starves."""
