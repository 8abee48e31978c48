"""Incidents: runs that fail for one cause, as one row that somebody looks after.

models      Incident, its Samples, and the Survey of a namespace that they come from
tallying    how many runs each incident has: one count for all, or for some of very many
surveying   what these counts change, and the few runs that show what an incident is
looking     what the pages ask for
presenters  rows and charts
"""
