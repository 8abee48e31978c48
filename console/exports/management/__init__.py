"""`manage.py demo_exports`."""
