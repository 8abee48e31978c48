"""The server's own batch operations: what runs, how far it is; stop one."""
