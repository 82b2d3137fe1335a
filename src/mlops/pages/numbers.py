"""Numbers, durations and sizes in formats for people."""

from __future__ import annotations

import math
from datetime import datetime

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = ("B", "kB", "MB", "GB")


def number(value: float | int | str | None, digits: int = 4) -> str:
    """A measured number with significant digits and separated thousands: 3.916, 12,480, 2.1 × 10⁻⁷."""
    if value is None or isinstance(value, str):
        return value or NONE
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4:
        return _scientific(value, exponent, min(digits, 2))
    if float(value).is_integer():
        return _signed(f"{value:,.0f}")
    return _signed(f"{value:,.{max(0, digits - 1 - exponent)}f}")


def exact(value: float | int | str | None) -> str:
    """A configured number, such as a bound, without trailing zeros: 6, 0.02, 1,000, 10⁻⁵."""
    if value is None or isinstance(value, str):
        return value or NONE
    if value and abs(value) < 1e-4:
        return _scientific(value, math.floor(math.log10(abs(value))), 6)
    return _signed(f"{value:,.10g}")


def share(value: float | None) -> str:
    """A share with three decimals: 0.210."""
    return NONE if value is None else _signed(f"{value:.3f}")


def signed_share(value: float | None) -> str:
    """A difference of shares with its sign."""
    return (
        f"+{share(value)}"
        if value is not None and round(value, 3) > 0
        else share(value).replace(f"{MINUS}0.000", "0.000")
    )


def percent(share: float | None, digits: int = 1) -> str:
    """A share as percent: 0.0213 is 2.1 %."""
    return NONE if share is None else _signed(f"{100 * share:,.{digits}f} %")


def signed_percent(share: float | None) -> str:
    """A change as percent with its sign."""
    if share is None:
        return NONE
    return f"+{percent(share)}" if share > 0 else percent(share)


def duration(seconds: float | None) -> str:
    """A duration: < 0.1 s, 4.2 s, 42 s, 3 min 07 s, 1 h 02 min."""
    if seconds is None:
        return NONE
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def size(count: int) -> str:
    """A number of bytes: 812 B, 4.1 kB, 2.3 MB."""
    if count < 1000:
        return f"{count} B"
    power = min(len(_UNITS) - 1, int(math.log10(count) / 3))
    return f"{count / 1000**power:.1f} {_UNITS[power]}"


def moment(text: str | None) -> str:
    """An ISO time as date and time in UTC."""
    return NONE if text is None else f"{datetime.fromisoformat(text):%d %b %Y, %H:%M:%S} UTC"


def _scientific(value: float, exponent: int, digits: int) -> str:
    mantissa = round(value / 10**exponent, digits - 1)
    power = f"10{str(exponent).translate(_SUPERSCRIPTS)}"
    return power if mantissa == 1 else f"{_signed(f'{mantissa:g}')} × {power}"


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
