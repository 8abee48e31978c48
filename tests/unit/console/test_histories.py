"""Reading one history: search, map, the way from event to event, comparison."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Link

from console.gateway.events import Event, event
from console.gateway.links import links
from console.gateway.runs import RunKey
from console.workflows import comparing, eventrows, minimap, searching
from console.workflows.comparing import Comparison
from console.workflows.reading import Known
from tests.unit.console.test_timeline import NOON, made, scheduled


def with_payload(number: int, data: bytes, encoding: bytes = b"json/plain") -> Event:
    raw = scheduled(number, number).raw
    raw.activity_task_scheduled_event_attributes.input.payloads.add(
        metadata={"encoding": encoding}, data=data
    )
    return event(raw)


def known(*events: Event) -> Known:
    return Known(front=list(events), began=True)


def found(history: Known, text: str) -> list[int]:
    return [one.id for one in searching.search(history, text, within_seconds=60).events]


def test_a_search_reads_payloads_as_a_person_does() -> None:
    history = known(
        with_payload(1, rb'{"customer":"Gr\u00fcnwald \"GmbH\""}'),
        with_payload(2, "”plain”".encode(), b"text/plain"),
        scheduled(3, 3),
    )

    assert found(history, "GRÜNWALD") == [1]
    assert found(history, 'wald "gmbh"') == [1]
    assert found(history, "activitytaskscheduled") == [1, 2, 3]
    assert found(history, "”PLAIN”") == [2]
    assert found(history, "no such text") == []


def test_a_search_reads_what_is_nested_too_deep_to_be_unescaped() -> None:
    deep = b"[" * 50_000 + rb'"gr\u00fcn"' + b"]" * 50_000

    assert found(known(with_payload(1, deep)), "u00fc") == [1]


def test_a_search_says_which_payloads_it_could_not_read() -> None:
    history = known(with_payload(1, b"\x07\x08", b"binary/encrypted"), with_payload(2, b'"clear"'))

    result = searching.search(history, "clear")

    assert ([one.id for one in result.events], result.unread) == ([2], 1)


def test_a_search_finds_what_was_written_since_the_last_one() -> None:
    history = known(*(with_payload(number, b'"old"') for number in range(1, 2_501)))
    assert len(found(history, "old")) == 2_500

    history.front.extend(with_payload(number, b'"new"') for number in range(2_501, 3_700))

    assert found(history, "new") == list(range(2_501, 3_700))


def test_a_search_that_may_take_no_time_says_how_far_it_came_and_goes_on() -> None:
    history = known(*(with_payload(number, b'"far"') for number in range(1, 5_001)))

    nothing = searching.search(history, "far", within_seconds=0)
    everything = searching.search(history, "far", within_seconds=60)

    assert (nothing.searched, nothing.events) == (0, [])
    assert (everything.searched, len(everything.events)) == (5_000, 5_000)


def test_a_hit_never_runs_from_one_event_into_the_next() -> None:
    history = known(with_payload(1, b'"ab"'), with_payload(2, b'"cd"'))

    assert found(history, '"ab"activity') == []


def test_a_snippet_is_cut_where_the_text_stands_also_behind_letters_that_fold_to_two() -> None:
    snippet = searching.snippet(with_payload(1, '"Große Straße 5, Haßloch"'.encode()), "STRASSE 5")

    assert snippet is not None
    assert (snippet.before, snippet.match, snippet.after) == ('"Große ', "Straße 5", ', Haßloch"')


def test_a_snippet_says_where_it_stands() -> None:
    snippet = searching.snippet(with_payload(1, b'{"order":"A-88213"}'), "a-88")

    assert snippet is not None
    assert (snippet.path, snippet.before, snippet.match) == ("input.payloads", '{"order":"', "A-88")


def test_the_map_shows_failures_long_waits_hits_and_where_the_page_is() -> None:
    events = [scheduled(number, number) for number in range(1, 201)]
    events += [scheduled(number, number + 500) for number in range(201, 401)]
    events[10] = made(11, "ActivityTaskFailed", 11)

    drawn = minimap.drawn(
        events,
        lambda one: one.at,
        lambda one: one.step == "failed",
        lambda place: f"?event={events[place].id}",
        shown=(100, 200),
        hits=[399],
    )

    assert drawn is not None
    assert len(drawn.lines) == minimap.LINES
    assert [index for index, line in enumerate(drawn.lines) if line.failed] == [2]
    assert [index for index, line in enumerate(drawn.lines) if line.idle] == [50]
    assert [line.url for line in drawn.lines if line.hit] == ["?event=397"]
    assert (drawn.frame, drawn.frame_height) == (25, 25)
    stops = [(index, line.says) for index, line in enumerate(drawn.lines) if line.stop]
    assert stops == [
        (2, "2 % in: a failure"),
        (25, "25 % in: what is shown"),
        (50, "50 % in: a long wait"),
        (99, "99 % in: a hit"),
    ]


def test_a_short_list_needs_no_map() -> None:
    assert minimap.drawn([NOON] * 99, lambda at: at, lambda _: False, str, shown=(0, 99)) is None


def test_the_event_nearest_to_a_number_is_found_in_either_order() -> None:
    events = [scheduled(number, number) for number in (1, 5, 9)]

    for order in (events, events[::-1]):
        turns = eventrows.turns(order, 6)
        assert (order[turns.number - 1].id, turns.total) == (5, 3)


def test_rows_say_the_time_since_the_one_before_and_since_the_start() -> None:
    events = [made(1, "WorkflowExecutionStarted", 0), scheduled(2, 3), scheduled(3, 10)]

    window = eventrows.window(events, None, None, head=0, heads={1: events[0]})

    assert [row.since for row in window.rows] == [None, timedelta(seconds=3), timedelta(seconds=7)]
    assert [row.into for row in window.rows] == [None, timedelta(seconds=3), timedelta(seconds=10)]


def test_the_events_of_one_step_are_linked_and_a_thread_runs_past_those_between() -> None:
    events = [
        scheduled(5, 0),
        made(6, "TimerStarted", 0),
        made(7, "ActivityTaskStarted", 1, scheduled_event_id=5),
        made(8, "ActivityTaskCompleted", 2, scheduled_event_id=5),
        made(9, "TimerFired", 3, started_event_id=6),
    ]

    rows = eventrows.window(events, None, None, head=5, heads={5: events[0]}).rows

    assert [row.linked for row in rows] == ["head", "", "follower", "follower", ""]
    assert [bool(row.thread) for row in rows] == [True, True, True, True, False]


def test_a_workflow_task_leads_to_what_it_asked_for() -> None:
    task = made(4, "WorkflowTaskCompleted", 0, scheduled_event_id=2)
    events = [
        task,
        made(5, "TimerStarted", 0, workflow_task_completed_event_id=4),
        made(6, "ActivityTaskScheduled", 0, workflow_task_completed_event_id=4),
        made(7, "WorkflowExecutionSignaled", 1),
    ]

    assert [one.id for one in eventrows.commands(events, task)] == [5, 6]


def test_the_links_of_an_event_lead_to_other_runs() -> None:
    raw = made(1, "WorkflowExecutionSignaled", 0).raw
    caller = raw.links.add().workflow_event
    caller.namespace, caller.workflow_id, caller.run_id = "billing", "order/1", "r1"
    caller.event_ref.event_id = 17
    raw.links.append(Link(batch_job=Link.BatchJob(job_id="job-9")))

    one, other = links(event(raw))

    assert (one.namespace, one.workflow_id, one.run_id, one.event_id) == (
        "billing", "order/1", "r1", 17,
    )  # fmt: skip
    assert other.says == "Batch job job-9"


LEFT, RIGHT = RunKey("default", "order/1", "left-run"), RunKey("default", "order/2", "right-run")


def compared(left: list[Event], right: list[Event], *, tasks: bool = False) -> Comparison:
    return comparing.compare(left, right, (LEFT, RIGHT), tasks=tasks)


def timers(first: int, count: int, second: float = 0) -> list[Event]:
    return [made(first + n, "TimerStarted", second + n, timer_id=str(n)) for n in range(count)]


def test_times_workers_and_the_run_s_own_ids_make_no_difference() -> None:
    left = [
        made(1, "WorkflowExecutionStarted", 0, workflow_id="order/1", identity="a"),
        with_payload(2, b'"for order/1"'),
        made(3, "ActivityTaskStarted", 3, scheduled_event_id=2, attempt=1, identity="w1"),
    ]
    right = [
        made(1, "WorkflowExecutionStarted", 9, workflow_id="order/2", identity="b"),
        made(2, "WorkflowTaskScheduled", 9),
        with_payload(3, b'"for order/2"'),
        made(4, "ActivityTaskStarted", 30, scheduled_event_id=3, attempt=7, identity="w2"),
    ]

    same = compared(left, right)
    with_tasks = compared(left, right, tasks=True)

    assert (same.alike, same.pairs) == (3, ())
    assert with_tasks.first is not None
    assert with_tasks.first.what == "came"


def test_the_first_step_that_holds_something_else_is_told_with_both_contents() -> None:
    before = timers(1, 40)
    left = [*before, with_payload(41, b'"9.99"'), *timers(42, 3)]
    right = [*before, with_payload(41, b'"12.00"'), *timers(42, 3)]

    result = compared(left, right)

    first = result.first
    assert first is not None
    assert result.alike == 40
    assert [(one.path, one.left, one.right) for one in first.differences] == [
        ("input.payloads", '"9.99"', '"12.00"')
    ]
    assert [pair.what for pair in result.pairs] == ["same"] * 12 + ["changed"] + ["same"] * 3


def marker(number: int, name: str, content: bytes) -> Event:
    raw = made(number, "MarkerRecorded", number, marker_name="Version").raw
    detail = raw.marker_recorded_event_attributes.details[name].payloads.add(data=content)
    detail.metadata["encoding"] = b"json/plain"
    return event(raw)


def test_a_name_that_somebody_gave_is_compared_whatever_it_is() -> None:
    """The Go SDK writes which version of a change a workflow took into a detail of that name."""
    first = compared([marker(1, "version", b"1")], [marker(1, "version", b"2")]).first
    memo = [made(1, "WorkflowExecutionStarted", 0) for _ in range(2)]
    for number, one in enumerate(memo):
        kept = one.attributes.memo.fields["source"]
        kept.metadata["encoding"], kept.data = b"json/plain", b"%d" % number

    assert first is not None
    assert [(one.path, one.left, one.right) for one in first.differences] == [
        ("details.version.payloads", "1", "2")
    ]
    assert compared([memo[0]], [memo[1]]).first is not None


def test_what_cannot_be_read_is_counted_and_is_not_the_same_as_nothing() -> None:
    sealed = [with_payload(1, data, b"binary/encrypted") for data in (b"\x01", b"\x02")]
    nothing = with_payload(1, b"", b"binary/null")

    alike, other = compared([sealed[0]], [sealed[1]]), compared([sealed[0]], [nothing])

    assert (alike.first, alike.unread) == (None, 2)
    assert other.first is not None
    assert (other.first.what, other.unread) == ("changed", 1)


def test_what_came_in_another_order_is_no_difference_but_is_said() -> None:
    left, right = timers(1, 30), timers(1, 30)
    left[10], left[11] = left[11], left[10]

    result = compared(left, right)

    assert (result.alike, result.first, result.reordered) == (30, None, True)


def test_a_difference_after_a_change_of_order_is_the_one_that_is_told() -> None:
    left, right = timers(1, 30), timers(1, 30)
    left[10], left[12] = left[12], left[10]
    left[20] = made(21, "WorkflowExecutionSignaled", 0, signal_name="hold")

    first = compared(left, right[:20]).first

    assert first is not None
    assert first.left is not None
    assert (first.what, first.left.about) == ("gone", "hold")


def test_one_history_that_goes_on_where_the_other_ends() -> None:
    result = compared(timers(1, 5), timers(1, 400))

    assert (result.alike, result.left_more) == (5, 0)
    assert result.first is not None
    assert result.first.what == "came"
    assert result.right_more == 400 - 5 - comparing.AFTER


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30))
def test_a_history_is_always_like_itself(ids: list[int]) -> None:
    events = [
        made(number, "TimerStarted", number, timer_id=str(one)) for number, one in enumerate(ids, 1)
    ]

    assert compared(events, events).first is None
    assert compared(events, events).alike == len(events)
