"""One's own account: where one is signed in, the password, keys for scripts."""
