"""How often a cron expression of GitHub's workflows, or a schedule of an EventBridge rule, fires."""

from __future__ import annotations

import re
from datetime import date, timedelta

# Four years hold every combination of weekday, month's length and leap day once on average.
_FIRST, _DAYS, _MONTHS = date(2025, 1, 1), 4 * 365 + 1, 48

_RATE = re.compile(r"rate\((?P<number>\d+) (?P<unit>minute|hour|day)s?\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CALENDAR = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


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


def runs_of_rule(expression: str) -> float:
    """Runs in an average month of rate(1 hour) or cron(0 6 * * ? *).

    ValueError for cron expressions with L, W, # or a year: those fire once, or on days that depend on the month.
    """
    if rate := _RATE.fullmatch(expression):
        return 24 * 60 * 365 / 12 / (int(rate["number"]) * _MINUTES[rate["unit"]])
    minutes, hours, month_days, months, weekdays, years = expression.removeprefix("cron(").removesuffix(")").split()
    if years != "*":
        raise ValueError(f"{expression} is for the years {years}")
    # In EventBridge's, SUN is 1, and ? is any day.
    weekdays = _numbered(weekdays.upper(), _WEEKDAYS)
    weekdays = re.sub(r"(?<!/)\b\d", lambda day: str(int(day[0]) - 1), weekdays)
    months = _numbered(months.upper(), _CALENDAR)
    return runs_a_month(" ".join((minutes, hours, month_days.replace("?", "*"), months, weekdays.replace("?", "*"))))


def _numbered(field: str, names: tuple[str, ...]) -> str:
    for number, name in enumerate(names, start=1):
        field = field.replace(name, str(number))
    return field


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
