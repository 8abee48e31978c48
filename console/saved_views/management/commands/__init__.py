"""`manage.py demo_views`."""
