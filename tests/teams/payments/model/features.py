"""Features of a card payment when it is made, and its outcome within ninety days."""

from __future__ import annotations

from mlops.contract import Category, Feature, Number

OUTCOMES = {"settled": "settled", "declined": "declined", "refunded": "refunded", "disputed": "disputed"}
"""The label for each outcome in the records."""

TARGET = Category("outcome", tuple(dict.fromkeys(OUTCOMES.values())))

MERCHANTS = tuple(f"mcc-{code}" for code in range(5000, 5900, 9))
"""A hundred kinds of merchants."""

COUNTRIES = ("AT", "BE", "CH", "DE", "DK", "ES", "FR", "IT", "NL", "PL", "SE", "US")

FEATURES: tuple[Feature, ...] = (
    Number("amount", exclusive_minimum=0),  # euros
    Number("account_age_days", minimum=0, integer=True),  # missing for guests
    Number("previous_payments", minimum=0, integer=True),  # missing for guests
    Number("minutes_since_last_payment", minimum=0),  # missing for first payments
    Number("device_score", minimum=0, maximum=1),  # missing where no device was seen
    Number("hour", minimum=0, maximum=23, integer=True),
    Category("channel", ("chip", "contactless", "online", "recurring")),
    Category("issuer_country", COUNTRIES, encoding="position"),
    Category("merchant", MERCHANTS, encoding="position"),
)
