"""Why a run stands where it stands: rules over what is known of it, the first that holds speaks.

facts     what the rules read: description, open steps, pollers, what the code can be told, a child
standing  the sentence, and what helps; every cause by its name (docs/why-stuck.md has them all)
code      the workflow task: nobody polls, it fails, it times out
versions  tasks that only workers of one version may have
steps     pending activities
waits     what it waits for when nothing is wrong, and when what it waits for is
ended     closed runs
leaf      asks the engine for the facts, and follows children down to where the cause is

    code, versions ▶ steps in trouble ▶ a child in trouble ▶ a message that does not arrive
    ▶ a cancellation nobody acts on ▶ steps that run ▶ children ▶ timers ▶ messages ▶ updates
    ▶ waits to be told
"""
