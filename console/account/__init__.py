"""One's own account: sessions, the password, tokens for scripts, how pages are shown."""
