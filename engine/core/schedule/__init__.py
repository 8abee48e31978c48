"""Schedules, as one pure machine: `step(state, input) -> effects`.

`calendars`, `daily` and `spec` say when, `wording` reads how people write it, `state` is what a
schedule is, `step` what happens to it. No I/O, no clock, no dice: as with runs, the time comes in.
"""
