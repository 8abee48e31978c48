"""Check, write, audit: what a person does to their own account."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.http import HttpRequest

from console.access import sessions, tokens
from console.account.forms import PasswordForm, PreferenceForm
from console.audit.record import record
from console.ui.htmx import HtmxRequest

VERB = "account.own"


def change_password(request: HtmxRequest, form: PasswordForm) -> None:
    """Whoever knew the old password, or holds a session made with it, is out."""
    me = request.user
    with record(me, VERB, target=me.username, asked={"password": "another"}) as act:
        changed = form.save()
        update_session_auth_hash(request, changed)
        here = sessions.begin(request, changed).session_id
        act.after = {"sessions ended": sessions.end_all(changed, but=here)}


def prefer(me: User, form: PreferenceForm) -> None:
    before = {name: form.initial[name] for name in form.changed_data}
    asked = {name: form.cleaned_data[name] for name in form.changed_data}
    with record(me, VERB, target=me.username, asked=asked, before=before) as act:
        form.save()
        act.after = asked


def end_session(request: HtmxRequest, session_id: UUID) -> None:
    me = request.user
    with record(me, VERB, target=me.username, asked={"session": str(session_id)}) as act:
        act.after = {"sessions ended": sessions.end(me, session_id)}


def end_others(request: HtmxRequest) -> None:
    me = request.user
    with record(me, VERB, target=me.username, asked={"sessions": "all others"}) as act:
        act.after = {"sessions ended": sessions.end_all(me, but=here(request))}


def make_token(me: User, name: str, namespaces: list[str], days: int) -> str:
    asked = {"token": name, "namespaces": namespaces, "days": days}
    with record(me, VERB, target=me.username, asked=asked) as act:
        token, secret = tokens.make(me, name, namespaces, timedelta(days=days))
        act.after = {"token": str(token.pk), "expires": token.expires_at.isoformat()}
    return secret


def revoke_token(me: User, token_id: UUID) -> None:
    with record(me, VERB, target=me.username, asked={"token": str(token_id)}) as act:
        act.after = {"tokens revoked": tokens.revoke(me, token_id)}


def here(request: HttpRequest) -> str | None:
    return request.session.session_key
