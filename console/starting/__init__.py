"""Start a run, from nothing or like another one.

forms     the fields, and one for each search attribute of the namespace
drafts    a start as far as it is written: fields, arguments, and the run that it is copied from
"""
