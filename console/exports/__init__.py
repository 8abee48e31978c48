"""Exports: the rows of a query as a file, written bit by bit by a background job.

asking    actions   one row in the table of exports, within a person's bound
filling   jobs      a job claims the row, writes a page of rows, notes how far it came, goes on
giving    views     the file, to its owner and admins, until it expires
"""
