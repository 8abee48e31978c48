"""Which key presses an act on an activity, be it of a workflow or one that stands alone.

Those that runs have as well are the same there.
"""

KEYS = {
    "try": "y", "pause": "p", "resume": "u", "options": "o", "complete": "m", "fail": "f",
    "cancel": "c", "terminate": "t",
}  # fmt: skip
