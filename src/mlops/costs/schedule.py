"""How often a cron expression of GitHub's workflows fires."""

from __future__ import annotations

from datetime import date, timedelta

# Four years hold every combination of weekday, month's length and leap day once on average.
_FIRST, _DAYS, _MONTHS = date(2025, 1, 1), 4 * 365 + 1, 48


def runs_a_month(cron: str) -> float:
    """Runs in an average month. ValueError for another form than five fields of numbers, lists, ranges and steps."""
    minutes, hours, month_days, months, weekdays = cron.split()
    a_day = len(_values(minutes, 0, 59)) * len(_values(hours, 0, 23))
    in_month, of_year = _values(month_days, 1, 31), _values(months, 1, 12)
    in_week = {day % 7 for day in _values(weekdays, 0, 7)}

    def fires(day: date) -> bool:
        on_date, on_weekday = day.day in in_month, day.isoweekday() % 7 in in_week
        # POSIX: where both fields are restricted, either is enough.
        either = not month_days.startswith("*") and not weekdays.startswith("*")
        return day.month in of_year and ((on_date or on_weekday) if either else (on_date and on_weekday))

    return a_day * sum(fires(_FIRST + timedelta(n)) for n in range(_DAYS)) / _MONTHS


def _values(field: str, least: int, most: int) -> set[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{least}-{most}" if span == "*" else span).partition("-")
        end = int(last) if last else (most if step else int(first))
        values.update(range(int(first), end + 1, int(step or 1)))
    if not values or min(values) < least or max(values) > most:
        raise ValueError(f"{field} is outside of {least} to {most}")
    return values
