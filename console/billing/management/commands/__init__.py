"""`manage.py billing_worker`, `manage.py demo_limits`."""
