"""The shards: single writers that step runs, commit in groups and let the effects out after it.

`router` is the door (`ports.Shards`); a `Writer` (`actor`) owns all shards of one database on
this node and the connection that holds their locks; `batch` folds steps into one write; `release`
is what happens after the commit; `wakes`, `watchers` and `deliveries` wait on behalf of runs;
`recovery` is what a taken-over shard still has to do.
"""
