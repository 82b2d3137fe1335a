"""Tables that `mlops invoke` takes: the model's rows, and tables with a header."""

from pathlib import Path

import pytest

from mlops import release
from mlops.aws import stacks
from mlops.container.kinds import Category, Number
from mlops.errors import PipelineError
from mlops.names import Names
from mlops.release import schemas

URL = "s3://demo/releases/1/model.tar.gz"
SCHEMA = ((Category("season", ("winter", "summer")), Number("hour")), Number("rentals"))


@pytest.fixture
def sent(repository: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies of requests to the production endpoint, whose model has the features `season` and `hour`."""
    bodies: list[bytes] = []
    deployed = {names.endpoint_stack("production"): {"ModelDataUrl": URL}}
    monkeypatch.setattr(stacks, "parameters", lambda session, name: deployed[name])
    monkeypatch.setattr(schemas, "read", lambda repository, url: {URL: SCHEMA}[url])
    monkeypatch.setattr(release, "invoke", lambda _, body, **options: bodies.append(body) or b"1")
    return bodies


@pytest.mark.parametrize(
    "table",
    [
        "season,hour\nwinter,7\nsummer,8\n",
        "\ufeffday,hour,season\r\n1,7,winter\r\n2,8,summer\r\n",
        "\n\nhour,season,rentals\n7,winter,12\n8,summer,\n",
        "\ufeffwinter,7\nsummer,8\n",
    ],
)
def test_a_header_is_left_out_and_orders_the_columns(mlops, repository: Path, sent: list[bytes], table: str):
    (repository / "rows.csv").write_text(table, encoding="utf-8", newline="")
    done = mlops("invoke", "--file", "rows.csv")
    assert (done.exit_code, done.output) == (0, "1\n")
    assert sent == [b"winter,7\nsummer,8\n"]


def test_arguments_and_standard_input_may_have_a_header(mlops, sent: list[bytes]):
    assert mlops("invoke", "hour,season", "7,winter").exit_code == 0
    assert mlops("invoke", input="hour,season\n8,summer\n").exit_code == 0
    assert sent == [b"winter,7\n", b"summer,8\n"]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("season;hour\n" + "winter;0,5\n" * 3000, 'rows.csv: found ";" between the columns of the first row'),
        ("winter;0,5\n", 'rows.csv: found ";" between the columns of the first row'),
        ("winter\t7\n", "rows.csv: found tabs between the columns of the first row"),
        ("season,day\nwinter,7\n", "rows.csv: the header has no column hour; the model needs season, hour"),
        ("season,hour\nautumn,7\n", 'rows.csv: row 1 after the header, column season: found "autumn"'),
    ],
)
def test_a_table_that_the_model_does_not_take_is_refused_before_a_request(
    mlops, repository: Path, sent: list[bytes], table: str, reason: str
):
    (repository / "rows.csv").write_text(table)
    done = mlops("invoke", "--file", "rows.csv")
    assert (done.exit_code, reason in done.output, sent) == (2, True, []), done.output


@pytest.mark.parametrize("body", [b"winter,high\n", b"winter,\n", b"1;2\n"])
def test_rows_are_sent_as_they_are_where_the_features_cannot_be_read(
    mlops, sent: list[bytes], monkeypatch: pytest.MonkeyPatch, body: bytes
):
    def refuse(*arguments: object) -> None:
        raise PipelineError("no permission")

    monkeypatch.setattr(schemas, "read", refuse)
    assert mlops("invoke", input=body).exit_code == 0
    assert sent == [body]


def test_rows_with_numbers_are_sent_without_a_look_at_the_model(mlops, sent: list[bytes], monkeypatch):
    monkeypatch.delattr(schemas, "read")
    assert mlops("invoke", "winter,7").exit_code == 0
    assert sent == [b"winter,7"]
