"""The rules of a run, as one pure machine: `step(state, input) -> Step`.

`inputs` is all that can happen to a run, `effects` all that may be asked of the shell,
`marks` the facts that are no history, `state` what a run is, `apply` the only writer of it.
`turn` collects the facts of one step; `transitions/` holds a module per noun. `visibility` says
what the index is told of a run, `resting` when it is told anew what the run waits for.
"""
