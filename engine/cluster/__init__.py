"""Who does what, among the nodes that share the databases.

    placement.py    which database, and which of the nodes that live: pure
    view.py         the nodes that live, and what that gives each
    membership.py   who lives: beats, and who has stopped
    node.py         this node among the others: `ports.Cluster`
    peers.py        gRPC between nodes; the only other place for it beside the doors
    lines.py        messages to one node, in order, until it has them or is gone
    messages.py     what one node tells another of task queues
    claims.py       what cannot travel, kept until somebody comes for it

Who owns a shard is not decided here: a node has a shard when it holds the shard's advisory lock
(`store/shards.py`). All of this only routes: where it errs, a call answers UNAVAILABLE. Without a
CLUSTER_SECRET a node is alone: none of this runs, and a second one is a stand-by that takes what
comes free.
"""
