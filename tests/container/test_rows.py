from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from model.features import FEATURES, TARGET

from mlops.container.kinds import Category, Number, RowError
from mlops.container.rows import Rows, csv_errors, encode_rows, parse_csv
from mlops.container.schema import load_schema, save_schema

SIZE = Number("size", exclusive_minimum=0, maximum=10)
HOUR = Number("hour", minimum=0, maximum=23, integer=True)
COLOR = Category("color", ("green", "yellow"))
ALL = (SIZE, HOUR, COLOR)


def columns(rows: Rows) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in column] for column in rows.to_numpy().T.tolist()]


def test_a_matrix_is_column_major_with_one_column_per_value_of_a_category() -> None:
    rows = parse_csv("1.5,7,yellow\n2,8,green\n", ALL)
    assert rows.count == 2
    assert columns(rows) == [[1.5, 2.0], [7.0, 8.0], [0.0, 1.0], [1.0, 0.0]]
    assert [name for feature in ALL for name in feature.columns] == ["size", "hour", "color=green", "color=yellow"]


def test_empty_cells_are_missing_in_every_kind_of_column() -> None:
    rows = parse_csv(",,\n1,2,green", ALL)
    assert columns(rows) == [[None, 1.0], [None, 2.0], [None, 1.0], [None, 0.0]]


def test_bounds_are_inclusive_or_exclusive_as_declared() -> None:
    rows = parse_csv("10,0,green\n0.001,23,green", ALL)
    assert columns(rows)[1] == [0.0, 23.0]
    with pytest.raises(RowError, match=r"row 1, column size: found \"0\", allowed is a number, above 0, at most 10"):
        parse_csv("0,0,green", ALL)


@pytest.mark.parametrize(
    ("integer", "within", "outside"),
    [
        (Number("hour", minimum=0, exclusive_maximum=24, integer=True), ["0", "23"], "24"),
        (Number("hour", minimum=0, exclusive_minimum=0, integer=True), ["1", "99"], "0"),
        (Number("hour", minimum=0.5, maximum=9.5, integer=True), ["1", "9"], "0"),
        (Number("hour", minimum=-3.5, maximum=0, integer=True), ["-3", "0"], "-4"),
        (Number("income", minimum=0, maximum=10**12, integer=True), ["0", "1000000000000"], "-1"),
    ],
)
def test_integers_keep_every_bound(integer: Number, within: list[str], outside: str) -> None:
    assert integer.parse_column(within).tolist() == pytest.approx([float(cell) for cell in within])
    with pytest.raises(RowError, match=f'found "{outside}"'):
        integer.parse_column([outside])


def test_unusual_spellings_of_numbers_mean_the_same() -> None:
    spellings = ("1e0,07,green", "1.0,7.0,green", "1,7,green")
    first, *others = (columns(parse_csv(text, ALL)) for text in spellings)
    assert all(other == first for other in others)


def test_quotes_and_carriage_returns_are_accepted() -> None:
    quoted = parse_csv('1,7,"green"\r\n"2",8,yellow\r\n', ALL)
    assert columns(quoted) == columns(parse_csv("1,7,green\n2,8,yellow", ALL))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1,7,green\n1,24,green", r'row 2, column hour: found "24", allowed is an integer, at least 0, at most 23'),
        ("1,7.5,green", r'row 1, column hour: found "7.5"'),
        ("1,7,green\n1,7,green\n1,7,red", r'row 3, column color: found "red", allowed is one of green, yellow'),
        ("x,7,green", r'row 1, column size: found "x"'),
        ("inf,7,green", r'row 1, column size: found "inf"'),
        ("1,7,green\n1,7", r"row 2, found 2 columns, expected 3 \(size, hour, color\)"),
        ("1,7,green,1\n1,7", r"row 1, found 4 columns"),
        ("1,7,green\n\n1,7,green", r"row 2, found 1 columns"),
        ("", r"row 1, found nothing, expected 3 \(size, hour, color\)"),
        ('1,7,"gre,en"', r"row 1, found a comma or a line break within quotes"),
        ('1,7,"green', r"row 1, not CSV"),
    ],
)
def test_a_bad_row_is_refused_with_row_column_and_what_is_allowed(text: str, complaint: str) -> None:
    with pytest.raises(RowError, match=complaint):
        parse_csv(text, ALL)


def test_an_integer_without_bounds_refuses_a_fraction() -> None:
    count = Number("count", integer=True)
    assert columns(parse_csv("-3\n7.0\n", (count,))) == [[-3.0, 7.0]]
    with pytest.raises(RowError, match=r'row 2, column count: found "7.5", allowed is an integer'):
        parse_csv("-3\n7.5\n", (count,))


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(RowError) as raised:
        parse_csv(f"1,7,{'r' * 9000}", ALL)
    assert len(str(raised.value)) < 300


def test_all_errors_are_listed_by_column() -> None:
    found = csv_errors("1,7,red\n0,7,green\n1,7,blue\n", ALL)
    assert {name: [error.row for error in errors] for name, errors in found.items()} == {"size": [2], "color": [1, 3]}
    assert 'found "blue"' in found["color"][1].problem


def test_all_rows_with_another_number_of_columns_are_listed() -> None:
    found = csv_errors("1,7\n0,7,green\n1,7,blue,1\n", ALL)
    assert [(error.row, error.problem.partition(",")[0]) for error in found[""]] == [
        (1, "found 2 columns"),
        (3, "found 4 columns"),
    ]


def test_rows_of_json_give_the_same_matrix_as_their_csv() -> None:
    objects = [{"hour": 7, "color": "yellow", "size": 1.5}, {"size": None, "hour": None, "color": None}]
    from_csv = [columns(parse_csv("1.5,7,yellow\n,,", ALL))]
    assert [columns(encode_rows([[1.5, 7, "yellow"], [None, None, None]], ALL))] == from_csv
    assert [columns(encode_rows(objects, ALL))] == from_csv


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ([1, 7], r"row 1, found 2 values, expected 3"),
        ([1, 7, "red"], r'row 1, column color: found "red"'),
        ([1, 7, 1], r"row 1, column color: found 1, allowed is one of"),
        (["1", 7, "green"], r'row 1, column size: found "1", allowed is a number'),
        ([True, 7, "green"], r"row 1, column size: found true"),
        ([10**400, 7, "green"], r"row 1, column size: found 1000"),
        ([1, 7, ["green"]], r'row 1, column color: found \["green"\]'),
        ({"size": 1, "hour": 7}, r"row 1, no value for color \(null when it is not known\)"),
        (
            {"size": 1, "hour": 7, "color": "green", "tip": 2},
            r"row 1, unknown column tip, allowed are size, hour, color",
        ),
        ("1,7,green", r'row 1, found "1,7,green"'),
    ],
)
def test_a_bad_row_of_json_is_refused_with_row_column_and_what_is_allowed(row: object, complaint: str) -> None:
    with pytest.raises(RowError, match=complaint):
        encode_rows([row], ALL)


def test_loading_a_saved_schema_gives_the_same_features(tmp_path: Path) -> None:
    save_schema(tmp_path, FEATURES, TARGET)
    assert load_schema(tmp_path) == (FEATURES, TARGET)


def test_a_category_can_be_one_column_with_the_position_of_its_value(tmp_path: Path) -> None:
    color = Category("color", ("green", "yellow", "red"), encoding="position")
    assert columns(parse_csv("red\ngreen\n", (color,))) == [[2.0, 0.0]]
    assert columns(encode_rows([["yellow"], [None]], (color,))) == [[1.0, None]]
    assert color.columns == ("color",)
    save_schema(tmp_path, (color,), TARGET)
    assert load_schema(tmp_path) == ((color,), TARGET)


def test_a_part_of_rows_shares_their_memory_with_numpy() -> None:
    rows = parse_csv("1,7,green\n2,8,yellow\n3,9,green\n", ALL)
    part = rows.part(1, 9)
    assert (part.count, part.columns) == (2, 4)
    assert columns(part) == [[2.0, 3.0], [8.0, 9.0], [0.0, 1.0], [1.0, 0.0]]
    assert np.shares_memory(part.to_numpy(), rows.to_numpy())
    assert not part.to_numpy().flags.writeable
    assert columns(Rows.from_numpy(part.to_numpy())) == columns(part)
