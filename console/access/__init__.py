"""Who may do what.

models      Grant, GroupGrant: person or group, namespace, role; SignIn; AttemptCount; Token
policy      the verbs, and can(person, verb, namespace): the one place
decorators  @requires(verb), @public
attempts    how often a password may be tried, per account and per address
sessions    who is signed in from where; ages; ending them
tokens      keys that only read, for scripts
shell       what the frame of every page needs: namespaces, role, theme
frontdoor   the address without a path; the engine's refusals as pages
"""
