"""Who does what: which database a shard lies in (`placement`).

Who owns a shard is not decided here: a node has a shard when it holds the shard's advisory lock
(`store/shards.py`). A second node is a stand-by that takes what comes free.
"""
