import pytest
from temporalio.api.enums.v1 import WorkflowIdConflictPolicy as Conflict
from temporalio.api.enums.v1 import WorkflowIdReusePolicy as Reuse

from engine.core import conflict
from engine.core.conflict import Begin, BeginAfterTerminate, SignalInstead, Use
from engine.core.inputs import Signal, Start
from engine.core.state import RunState
from engine.errors import AlreadyStarted
from tests.support.story import NOON, Story, complete_run, word

FAIL = Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL
ALLOW = Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE


def running() -> RunState:
    story = Story()
    story.start()
    return story.state


def closed(*, by_terminate: bool = False) -> RunState:
    story = Story()
    story.start()
    if by_terminate:
        story.terminate()
    else:
        story.do(complete_run())
    return story.state


def decide(
    current: RunState | None,
    *,
    request_id: str = "another",
    reuse: int = ALLOW,
    policy: int = FAIL,
    signal: Signal | None = None,
) -> conflict.Decision:
    start = Start(at=NOON, attributes=Story().attributes, request_id=request_id, signal=signal)
    return conflict.decide(
        current, start, reuse=reuse, conflict=policy, signal_running=signal is not None
    )


def test_an_id_that_was_never_used_is_free() -> None:
    assert decide(None) == Begin()


def test_a_running_run_refuses_a_second_one_and_names_itself() -> None:
    current = running()

    with pytest.raises(AlreadyStarted) as refused:
        decide(current)

    assert refused.value.run_id == current.key.run_id


def test_the_same_request_again_is_answered_as_before() -> None:
    current = running()

    assert decide(current, request_id="start") == Use(current.key.run_id, is_same_request=True)


def test_the_same_request_again_is_answered_even_after_the_end() -> None:
    current = closed()

    assert isinstance(decide(current, request_id="start"), Use)


def test_an_existing_run_can_be_used() -> None:
    policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING

    assert isinstance(decide(running(), policy=policy), Use)


@pytest.mark.parametrize(
    "given",
    [
        {"policy": Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING},
        {"reuse": Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING},
    ],
)
def test_an_existing_run_can_be_terminated_first(given: dict[str, int]) -> None:
    assert isinstance(decide(running(), **given), BeginAfterTerminate)  # type: ignore[arg-type]


def test_signal_with_start_signals_a_running_run() -> None:
    signal = Signal(at=NOON, name="paid", input=word("1"))

    decided = decide(running(), signal=signal)

    assert isinstance(decided, SignalInstead)
    assert decided.signal.name == "paid"


def test_signal_with_start_begins_anew_after_the_end() -> None:
    signal = Signal(at=NOON, name="paid", input=word("1"))

    assert decide(closed(), signal=signal) == Begin()


def test_a_closed_run_frees_its_id() -> None:
    assert decide(closed()) == Begin()


def test_an_id_can_be_used_once_and_for_all() -> None:
    with pytest.raises(AlreadyStarted):
        decide(closed(), reuse=Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)


def test_an_id_can_be_used_again_only_if_it_did_not_succeed() -> None:
    failed_only = Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY

    assert decide(closed(by_terminate=True), reuse=failed_only) == Begin()
    with pytest.raises(AlreadyStarted):
        decide(closed(), reuse=failed_only)
