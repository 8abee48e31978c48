"""Who may do what.

models      Grant: person, namespace, role
policy      the verbs, and can(person, verb, namespace): the one place
decorators  @requires(verb), @public
shell       what the frame of every page needs: namespaces, role, theme
frontdoor   the address without a path; the engine's refusals as pages
"""
