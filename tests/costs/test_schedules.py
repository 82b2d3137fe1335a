import pytest

from mlops.costs.schedule import runs_a_month


@pytest.mark.parametrize(
    ("cron", "runs"),
    [
        ("17 4 1 * *", 1),
        ("17 4 1,15 * *", 2),
        ("0 0 1 */3 *", 1 / 3),
        ("0 * * * *", 24 * 1461 / 48),  # every hour of four years' 1461 days
        ("*/20 6-8 1 * *", 9),
        ("0 0 31 2 *", 0),
        ("0 0 29 2 *", 1 / 48),  # one leap day
        ("0 5 * * 0", pytest.approx(365.25 / 7 / 12, rel=0.01)),  # Sundays
        ("0 5 * * 7", pytest.approx(365.25 / 7 / 12, rel=0.01)),
        ("0 5 * * 1-5", pytest.approx(5 * 365.25 / 7 / 12, rel=0.01)),
    ],
)
def test_a_schedule_fires_so_often_in_an_average_month(cron: str, runs: float) -> None:
    assert runs_a_month(cron) == runs


def test_a_date_and_a_weekday_are_enough_each() -> None:
    assert runs_a_month("0 0 1 * 1") > runs_a_month("0 0 * * 1") > runs_a_month("0 0 1 * *")


@pytest.mark.parametrize("cron", ["@daily", "1 2 3 4", "61 0 * * *", "a 0 * * *", "0 0 * JAN *"])
def test_another_form_is_refused(cron: str) -> None:
    with pytest.raises(ValueError):
        runs_a_month(cron)
