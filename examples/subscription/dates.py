"""When a period ends."""

import calendar
from datetime import datetime, timedelta

from console.billing.contract import Period, PeriodUnit


def after(at: datetime, period: Period, anchor_day: int) -> datetime:
    """The anchor keeps a subscription that began on a 31st at the end of every month."""
    match period.unit:
        case PeriodUnit.MONTH:
            return _months_after(at, period.count, anchor_day)
        case PeriodUnit.DAY:
            return at + timedelta(days=period.count)
        case PeriodUnit.SECOND:
            return at + timedelta(seconds=period.count)


def _months_after(at: datetime, count: int, anchor_day: int) -> datetime:
    years, month = divmod(at.month - 1 + count, 12)
    year, month = at.year + years, month + 1
    day = min(anchor_day, calendar.monthrange(year, month)[1])
    return at.replace(year=year, month=month, day=day)
