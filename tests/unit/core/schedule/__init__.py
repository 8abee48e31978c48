"""The machine of schedules: their times, and what happens to them."""
