"""Payments that are made up, with the habits of real ones: long tails, gaps that mean something, rare outcomes."""

from __future__ import annotations

import numpy as np

from model.features import COUNTRIES, MERCHANTS, OUTCOMES

ROWS = 120_000
_CHANNELS = ("chip", "contactless", "online", "recurring")
_SEED = 11


def rows() -> list[list[str]]:
    """Rows of cells, the target first, then the features in their order."""
    draw = np.random.default_rng(_SEED)
    merchant = draw.choice(len(MERCHANTS), ROWS, p=_zipf(len(MERCHANTS)))
    country = draw.choice(len(COUNTRIES), ROWS, p=_zipf(len(COUNTRIES)))
    channel = draw.choice(4, ROWS, p=[0.25, 0.35, 0.3, 0.1])
    price = draw.normal(3, 0.8, len(MERCHANTS))[merchant]
    amount = np.exp(draw.normal(price, 0.9))
    guest = draw.random(ROWS) < np.where(channel == 2, 0.25, 0.05)
    age = draw.gamma(0.8, 600, ROWS).astype(int)
    payments = draw.negative_binomial(0.7, 0.03, ROWS)
    pause = draw.lognormal(8, 2.5, ROWS)
    score = draw.beta(5, 1.5, ROWS)
    hour = (draw.normal(14, 5, ROWS).round() % 24).astype(int)
    night = (hour < 6).astype(float)
    online = (channel == 2).astype(float)
    kind = draw.normal(0, 1, (len(MERCHANTS), 3))[merchant]
    declined = -4.0 + 0.9 * (np.log(amount) - 3) + 3.0 * (pause < 60) + 1.8 * kind[:, 0] + 1.5 * night
    refunded = -4.2 + 3.0 * online + 0.6 * (np.log(amount) - 3) + 2.0 * kind[:, 1] - 1.5 * (channel == 3)
    disputed = -8.0 + 2.5 * online + 9 * (0.8 - score) + 3.0 * (guest | (age < 60)) + 1.5 * kind[:, 2] + 1.5 * night
    # Gumbel noise makes the largest sum a draw from the softmax of the rest.
    scores = np.column_stack([np.zeros(ROWS), declined, refunded, disputed]) + draw.gumbel(size=(ROWS, 4))
    outcome = scores.argmax(axis=1)
    columns = [
        np.array([OUTCOMES[name] for name in ("settled", "declined", "refunded", "disputed")])[outcome],
        _text(amount, 2, amount < 0.005),
        _text(age, 0, guest),
        _text(payments, 0, guest),
        _text(pause, 1, guest | (payments == 0)),
        _text(score, 3, draw.random(ROWS) < np.where(online, 0.05, 0.4)),
        hour.astype(str),
        np.array(_CHANNELS)[channel],
        np.where(draw.random(ROWS) < 0.03, "", np.array(COUNTRIES)[country]),
        np.array(MERCHANTS)[merchant],
    ]
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _zipf(count: int) -> np.ndarray:
    weights = 1 / np.arange(1, count + 1) ** 0.8
    return weights / weights.sum()


def _text(values: np.ndarray, digits: int, missing: np.ndarray) -> np.ndarray:
    return np.where(missing, "", np.char.mod(f"%.{digits}f", values))
