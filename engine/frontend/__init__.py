"""gRPC in, domain calls out; no rules of its own. Exemplar: `steering.py`.

rpc.py           RPC name -> function; what is not built, and why; makes the servicers
guard.py         wraps each function: deadline, headers, refusal -> status
statuses.py      refusal -> gRPC status and the protocol's detail message: one table
parts.py         what each function is given          calls.py    the call under way
checks.py        checks that several RPCs share       attributes.py  search attributes

starting.py · steering.py · resetting.py · reading.py · describing.py · updates.py
visibility.py · namespaces.py · operator.py · system.py · admin.py
workflow_tasks.py · activities.py · queries.py · task_queues.py
"""
