"""What a person does to a schedule: call, audit with before and after."""

from datetime import datetime

from django.contrib.auth.models import User

from console.audit.record import record
from console.gateway import schedules, scheduling
from console.gateway.schedules import ScheduleDetail
from console.gateway.scheduling import Draft


def pause(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before, name = _state(one), one.summary.id
    with record(person, "schedule.pause", namespace=namespace, target=name, reason=reason,
                before=before) as act:  # fmt: skip
        schedules.pause(namespace, name, reason, act.identity, act.id)
        act.after = {"paused": True, "note": reason}


def resume(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before, name = _state(one), one.summary.id
    with record(person, "schedule.pause", namespace=namespace, target=name, reason=reason,
                before=before) as act:  # fmt: skip
        schedules.resume(namespace, name, reason, act.identity, act.id)
        act.after = {"paused": False, "note": reason}


def trigger(
    person: User,
    namespace: str,
    one: ScheduleDetail,
    overlap: str,
    reason: str,
    *,
    once: str = "",
) -> None:
    asked = {"overlap": overlap}
    before = {"started": one.actions, "running": len(one.running)}
    with record(person, "schedule.trigger", namespace=namespace, target=one.summary.id,
                reason=reason, before=before, asked=asked, once=once) as act:  # fmt: skip
        schedules.trigger(namespace, one.summary.id, overlap, act.identity, act.id)
        act.after = {"triggered": True}


def backfill(
    person: User,
    namespace: str,
    one: ScheduleDetail,
    span: tuple[datetime, datetime],
    *,
    overlap: str,
    reason: str,
    once: str = "",
) -> None:
    asked = {"from": span[0].isoformat(), "to": span[1].isoformat(), "overlap": overlap}
    before = {"started": one.actions, "waiting": one.waiting}
    with record(person, "schedule.backfill", namespace=namespace, target=one.summary.id,
                reason=reason, before=before, asked=asked, once=once) as act:  # fmt: skip
        schedules.backfill(
            namespace, one.summary.id, span, overlap, identity=act.identity, request_id=act.id
        )
        act.after = {"asked": True}


def create(person: User, namespace: str, draft: Draft, reason: str) -> None:
    with record(person, "schedule.create", namespace=namespace, target=draft.schedule_id,
                reason=reason, asked=scheduling.told(draft)) as act:  # fmt: skip
        scheduling.create(namespace, draft, act.identity, act.id)
        act.after = scheduling.told(draft)


def change(
    person: User, namespace: str, drafts: tuple[Draft, Draft], token: bytes, reason: str
) -> None:
    """`drafts`: as it was, and as it is to be. The log keeps what is another."""
    was, wanted = map(scheduling.told, drafts)
    changed = [name for name in wanted if wanted[name] != was[name]]
    before, asked = ({name: each[name] for name in changed} for each in (was, wanted))
    with record(person, "schedule.change", namespace=namespace, target=drafts[0].schedule_id,
                reason=reason, before=before, asked=asked) as act:  # fmt: skip
        scheduling.change(namespace, drafts[1], token, act.identity, act.id)
        act.after = asked


def delete(person: User, namespace: str, one: ScheduleDetail, reason: str) -> None:
    before = {**_state(one), "workflow_type": one.summary.workflow_type, "started": one.actions}
    with record(person, "schedule.delete", namespace=namespace, target=one.summary.id,
                reason=reason, before=before) as act:  # fmt: skip
        schedules.delete(namespace, one.summary.id, act.identity)
        act.after = {}


def _state(one: ScheduleDetail) -> dict[str, object]:
    return {"paused": one.summary.paused, "note": one.summary.note}
