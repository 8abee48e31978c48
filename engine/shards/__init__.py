"""The shards: single writers that step runs, commit in groups and let the effects out after it.

`router` is the door (`ports.Shards`); what comes through it is a `Work` (`works`) in the `inbox` of
a `Writer` (`actor`), which owns all shards of one database on this node and the connection that
holds their locks. `carrying` does each kind of work to the runs in the `cache`; `batch` folds the
steps into one write; `release` is what happens after the commit. `wakes`, `watchers` and
`deliveries` wait on behalf of runs; `recovery` is what a taken-over shard still has to do;
`supervisor` starts and ends them all.
"""
