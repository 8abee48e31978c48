"""What people did: found by who, what, where and when; each act with its difference and its event.

finding     the filters -> the entries that this person may see
presenters  an entry as a page of its own
export      the same entries as CSV, in a stream
"""
