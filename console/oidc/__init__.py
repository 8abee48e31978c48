"""Sign-in through an OpenID Connect provider: code flow with PKCE, state and nonce.

provider   what the provider says of itself (discovery), and the library's settings made of it
backend    the library's backend, with the checks of the id token that it leaves out
claims     what a token says of a person; pure
accounts   claims -> the account that they belong to, and its groups
presenters why nobody was let in, in words
actions    what a sign-in changes, and its row in the activity log
views      there, back, and out again
renewing   a session that came from the provider is renewed there
"""
