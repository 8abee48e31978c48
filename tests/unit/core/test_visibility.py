"""What the index is told of a failure, while a run is open and when it has closed."""

import pytest
from temporalio.api.common.v1 import Memo, Payload
from temporalio.api.failure.v1 import Failure

from engine.core.visibility import RUN_TIMED_OUT, record_of
from search.records import VisibilityRecord
from tests.support.story import (
    Story,
    application_failure,
    complete_run,
    fail_run,
    schedule_activity,
)


def charging(failure: Failure) -> Story:
    """A run whose activity was refused once and is tried again."""
    story = Story()
    story.start()
    story.do(schedule_activity())
    story.take_activity()
    story.fail_activity(failure)
    return story


def of_activity(cause: Failure) -> Failure:
    failure = Failure(message="activity error", cause=cause)
    failure.activity_failure_info.activity_type.name = "Charge"
    return failure


def of_child(cause: Failure) -> Failure:
    failure = Failure(message="child error", cause=cause)
    failure.child_workflow_execution_failure_info.workflow_type.name = "Shipping"
    return failure


def failed(failure: Failure) -> VisibilityRecord:
    story = Story()
    story.start()
    story.do(fail_run(failure))
    return record_of(story.state)


def test_a_failed_run_keeps_the_failure_that_ended_it() -> None:
    record = failed(application_failure("no funds on 4242", "CardRefused"))

    assert record.status == "Failed"
    assert record.last_failure_type == "CardRefused"
    assert record.last_failure_message == "no funds on 4242"
    assert record.failure_fingerprint is not None
    assert (record.failing_activity_count, record.failing_activity_types) == (0, [])


def test_an_activity_that_gave_up_has_the_fingerprint_that_it_had_while_it_was_tried_again() -> (
    None
):
    failure = application_failure("no answer in 20 s", "Timeout")
    while_open = record_of(charging(failure).state)

    closed = failed(of_activity(application_failure("no answer in 7 s", "Timeout")))

    assert closed.failure_fingerprint == while_open.failure_fingerprint
    assert closed.last_failure_message == "no answer in 7 s"


def test_a_failure_of_a_child_is_blamed_on_what_failed_in_the_child() -> None:
    cause = application_failure("no such street", "BadAddress")

    through_child = failed(of_child(of_activity(cause)))
    own = failed(of_activity(cause))

    assert through_child.last_failure_type == "BadAddress"
    assert through_child.failure_fingerprint == own.failure_fingerprint
    assert failed(of_child(cause)).failure_fingerprint != own.failure_fingerprint


def test_the_cause_within_an_application_failure_is_its_own_affair() -> None:
    failure = application_failure("no funds", "CardRefused")
    failure.cause.CopyFrom(application_failure("socket closed", "IOError"))

    assert failed(failure).last_failure_type == "CardRefused"


@pytest.mark.parametrize(
    ("one", "other"),
    [("no funds on 4242", "no funds on 1881"), ("refused: 'a b'", "refused: 'c'")],
)
def test_particulars_make_no_other_fingerprint(one: str, other: str) -> None:
    fingerprints = {failed(application_failure(m)).failure_fingerprint for m in (one, other)}

    assert len(fingerprints) == 1


def test_a_run_that_timed_out_says_so() -> None:
    story = Story(workflow_run_timeout={"seconds": 60})
    story.start()
    story.later(61).wake()

    record = record_of(story.state)

    assert record.status == "TimedOut"
    assert (record.last_failure_type, record.last_failure_message) == (
        "TimeoutError",
        RUN_TIMED_OUT,
    )


def test_a_run_that_ends_otherwise_keeps_no_failure() -> None:
    terminated = charging(application_failure("no"))
    assert record_of(terminated.state).failure_fingerprint is not None
    terminated.terminate()
    completed = Story()
    completed.start()
    completed.do(complete_run())

    for story in (terminated, completed):
        record = record_of(story.state)
        assert (record.last_failure_type, record.failure_fingerprint) == (None, None)


def test_a_run_is_told_by_the_words_of_its_memo_where_it_is_searched() -> None:
    note = Payload(metadata={"encoding": b"json/plain"}, data=b'"Call back, 4242"')
    story = Story(memo=Memo(fields={"note": note}))
    story.start()

    record, shown = record_of(story.state), record_of(story.state, is_searched=False)
    assert (record.memo_words, record.memo_fields) == (["4242", "back", "call"], ["note"])
    assert (shown.memo_words, shown.memo_fields) == ([], [])
