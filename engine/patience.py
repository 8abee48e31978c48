"""Whether what this task asks of the runs may wait for what others ask.

Someone who terminates a hundred thousand runs looks at the last of them, someone who starts one
at that one. So the works of the first go in small parts between those of all others.
"""

from contextvars import ContextVar

_patient: ContextVar[bool] = ContextVar("patient", default=False)

is_patient = _patient.get


def be_patient() -> None:
    """From here on, in this task and in those that it makes."""
    _patient.set(True)
