"""What the other houses ask of this one."""

from temporalio import activity

from examples.polyglot.python.contract import Booking


@activity.defn
def book_payment(booking: Booking) -> str:
    """The number of the entry; the same for the same key."""
    return f"B-{booking.key}"
