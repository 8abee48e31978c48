"""`manage.py bulk_worker`."""
