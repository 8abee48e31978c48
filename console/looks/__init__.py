"""How the runs of a namespace are shown, as its admins say: links out of a run, quiet steps.

models     a row for each namespace of which something was said
links      an address with pieces in braces -> the address of one run
showing    what was said, kept a few seconds
"""
