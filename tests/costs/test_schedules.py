import pytest

from mlops.costs.schedule import runs_a_month, runs_of_rule


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


@pytest.mark.parametrize(
    ("expression", "cron"),
    [
        ("cron(0 6 1 * ? *)", "0 6 1 * *"),
        ("cron(0 * * * ? *)", "0 * * * *"),
        ("cron(30 8 ? * 2-6 *)", "30 8 * * 1-5"),
        ("cron(30 8 ? * MON-FRI *)", "30 8 * * 1-5"),
        ("cron(0 0 ? * SUN *)", "0 0 * * 0"),
        ("cron(0 0 1 JAN,JUL ? *)", "0 0 1 1,7 *"),
        ("cron(0/15 * * * ? *)", "0/15 * * * *"),
    ],
)
def test_a_rule_of_eventbridge_fires_as_often_as_its_cron_expression(expression: str, cron: str) -> None:
    assert runs_of_rule(expression) == runs_a_month(cron)


@pytest.mark.parametrize(
    ("expression", "runs_a_day"), [("rate(1 hour)", 24), ("rate(30 minutes)", 48), ("rate(2 days)", 0.5)]
)
def test_a_rate_fires_by_its_distance(expression: str, runs_a_day: float) -> None:
    assert runs_of_rule(expression) * 12 / 365 == pytest.approx(runs_a_day)


@pytest.mark.parametrize("expression", ["cron(0 0 L * ? *)", "cron(0 0 ? * 6#3 *)", "cron(0 0 1 1 ? 2027)"])
def test_days_that_depend_on_the_month_are_refused(expression: str) -> None:
    with pytest.raises(ValueError):
        runs_of_rule(expression)
