"""Why nobody was let in, in words that say what to do; pure."""

BEGIN_AGAIN = "That sign-in was begun too long ago, or in another browser. Begin again."
#: what a provider says when nobody was to be asked anything
ENDED_THERE = frozenset({"login_required", "interaction_required", "consent_required"})
CODE_LENGTH_MAX = 60


def refused(provider: str, error: str) -> str:
    """`error`: what the provider calls it; empty when this console refused by itself."""
    if error in ENDED_THERE:
        return f"Your session with {provider} has ended. Sign in again."
    if error:
        code = error[:CODE_LENGTH_MAX]
        return f"{provider} let nobody in ({code}). Try again, or ask an admin."
    return BEGIN_AGAIN


def not_proved(provider: str, error: Exception) -> str:
    return (
        f"What {provider} sent cannot be proved ({type(error).__name__}), so nobody was signed in. "
        "Begin again; if it stays, an admin looks at the OIDC settings and at the clocks."
    )
