"""RPCs of the protocol that are not built, and why: they answer UNIMPLEMENTED by their absence.

With the tables in `rpc.py` they are the whole of the protocol; a test holds that.
"""

from __future__ import annotations

_ONE_CLUSTER = "there is one cluster: nothing is replicated"

WORKFLOW: dict[str, str] = {}

OPERATOR: dict[str, str] = {
    "AddOrUpdateRemoteCluster": _ONE_CLUSTER,
}
