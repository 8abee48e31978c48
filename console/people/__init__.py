"""People: sign-in, accounts, grants, the activity log."""
