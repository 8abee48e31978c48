"""One module per noun; each opens with its state diagram.

Nouns do not know each other: `completion` (a worker's commands) and `step` (everything else)
put them together.
"""
