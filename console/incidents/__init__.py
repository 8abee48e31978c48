"""Incidents: runs that fail for one cause, as one row that somebody looks after.

models      Incident, its Samples, and the Survey of a namespace that they come from
surveying   one count for all incidents of a namespace, and the few runs that show what they are
looking     what the pages ask for
presenters  rows and charts
"""
