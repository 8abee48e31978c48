"""Who may do what.

models      Grant, GroupGrant: person or group, namespace, role; Rule: an exception to it;
            SignIn; AttemptCount; Token
policy      the verbs, and can(person, verb, namespace, amount): the one place
decorators  @requires(verb), @public, demand()
heirs       what belongs to a group, and who gets it when the group goes
attempts    how often a password may be tried, per account and per address
sessions    who is signed in from where; ages; ending them
tokens      keys that only read, for scripts
shell       what the frame of every page needs: namespaces, role, theme
frontdoor   the address without a path; the engine's refusals as pages
"""
