"""The cluster: which server this is, what it can do, whether it answers; its index and shards."""
