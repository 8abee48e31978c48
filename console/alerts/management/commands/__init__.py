"""`manage.py demo_alerts`."""
