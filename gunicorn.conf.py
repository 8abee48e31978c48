"""What gunicorn takes from here by itself when it is started in this directory.

There is no access log unless somebody asks for one (`--access-logfile -`). What a person searches
for stands in the query of an address, and in the referer of the next one: a line has neither.
"""

access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(D)s'
