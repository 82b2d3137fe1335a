"""Numbers in formats for people, and digests of predictions."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from mlops.contract import ProblemType
from mlops.pages import numbers
from mlops.report import predictions


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (3.98838, "3.988"),
        (-0.8, "−0.8000"),
        (12480, "12,480"),
        (1701.4, "1,701"),
        (0.00021, "0.0002100"),
        (2.97e-9, "3 × 10⁻⁹"),
        ("many", "many"),
    ],
)
def test_a_measured_number_has_significant_digits(value: float | int | str | None, text: str) -> None:
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(6.0, "6"), (0.02, "0.02"), (1000.0, "1,000"), (1e-5, "10⁻⁵"), (2.5e-6, "2.5 × 10⁻⁶"), (0, "0")]
)
def test_a_configured_number_has_no_trailing_zeros(value: float | int | str | None, text: str) -> None:
    assert numbers.exact(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "< 0.1 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (59.7, "1 min 00 s"),
        (187, "3 min 07 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_a_duration_has_fitting_units(seconds: float | None, text: str) -> None:
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.21, "+0.210"), (-0.0123, "−0.012"), (0.0001, "0.000"), (-0.0001, "0.000"), (None, "–")]
)
def test_a_difference_of_shares_has_its_sign_and_three_decimals(value: float | None, text: str) -> None:
    assert numbers.signed_share(value) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (4100, "4.1 kB"), (2_300_000, "2.3 MB")])
def test_a_size_has_a_fitting_unit(count: int, text: str) -> None:
    assert numbers.size(count) == text


@pytest.mark.parametrize(("share", "text"), [(0.021, "+2.1 %"), (-0.008, "−0.8 %"), (0, "0.0 %"), (None, "–")])
def test_a_change_has_its_sign(share: float | None, text: str) -> None:
    assert numbers.signed_percent(share) == text


def digest(text: str) -> dict[str, Any] | None:
    return predictions.digest(text, ProblemType.REGRESSION)


def table(rows: Iterable[tuple[float, float]]) -> str:
    return "actual,predicted\n" + "".join(f"{actual},{predicted}\n" for actual, predicted in rows)


def test_the_digest_has_bias_and_size_of_the_errors() -> None:
    errors = digest(table([(10, 11), (20, 21), (30, 31), (40, 44)]))
    assert errors["rows"] == 4
    assert errors["bias"] == pytest.approx(1.75)
    assert errors["absolute_error"] == {"p50": 1, "p90": 4, "p95": 4, "p99": 4}
    assert errors["within_10_percent"] == 1.0
    assert errors["worst"][0] == {"actual": 40, "predicted": 44}


def test_every_row_is_in_the_chart_or_counted_as_outside() -> None:
    numbers_from = random.Random(3)
    rows = [(value, value + numbers_from.gauss(0, 4)) for value in (numbers_from.uniform(5, 80) for _ in range(2000))]
    density = digest(table([*rows, (10_000, 12)]))["density"]
    assert sum(count for *_, count in density["cells"]) + density["outside"] == 2001
    assert density["outside"] >= 1
    low, high = density["range"]
    assert high < 100, "one outlier does not stretch the chart"
    assert all(
        low - density["width"] <= value <= high + density["width"] for cell in density["cells"] for value in cell[:2]
    )


def test_a_row_belongs_to_the_nearest_hexagon() -> None:
    width = 2.0
    numbers_from = random.Random(5)
    for _ in range(50):
        x, y = numbers_from.uniform(0, 20), numbers_from.uniform(0, 20)
        centre = predictions._hexagon(x, y, width)
        assert (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= (width / 3**0.5) ** 2


def test_every_residual_is_in_the_histogram() -> None:
    histogram = predictions.histogram([-100, *[0.1 * n for n in range(-50, 51)], 100])
    assert sum(histogram["counts"]) == 103
    assert histogram["range"][0] == -histogram["range"][1]


def test_perfect_predictions_have_a_digest() -> None:
    errors = digest(table([(5, 5), (5, 5)]))
    assert errors["bias"] == 0
    assert sum(errors["residuals"]["counts"]) == 2


def test_no_predictions_have_no_digest() -> None:
    assert digest("actual,predicted\n") is None
