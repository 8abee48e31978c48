"""Replay, in both meanings: reset to a workflow task, and the replay check.

planner     history -> steps, and what follows from a reset to each of them; pure
cohort      the plans of the first of many, added up
effects     which activities change the world, by their names and inputs; pure
drawing     steps -> rows with folds; pure
looking     what the pages need, read at once
deeds       a reset, and a check, of each run of a list
"""
