"""Wrong arguments in a team's model/features.py and model/hyperparameters.py."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops import team
from mlops.container.hyperparameters import Choice, Hyperparameters, Integer, Real
from mlops.container.kinds import Category, Number
from mlops.container.schema import SCHEMA_FILE, load_schema
from mlops.errors import InputError

BOUND = "allowed is a finite number without quotes, or None for no bound"


@pytest.mark.parametrize(
    ("declare", "problem"),
    [
        (lambda: Number("size", minimum="0"), f"size: minimum: found '0'; {BOUND}"),
        (lambda: Number("size", exclusive_maximum=True), f"size: exclusive_maximum: found True; {BOUND}"),
        (lambda: Number("size", maximum=float("inf")), f"size: maximum: found inf; {BOUND}"),
        (lambda: Number("size", maximum=10**400), f"size: maximum: found 1{'0' * 59}…; {BOUND}"),
        (lambda: Number("size", integer="yes"), "size: integer: found 'yes'; allowed is True or False"),
        (lambda: Number("size", compared=0), "size: compared: found 0; allowed is True or False"),
        (lambda: Number(5), 'Number: name: found 5; allowed is a text, such as "temperature"'),
        (
            lambda: Category("season", ("winter")),  # the mistake that is tested
            "season: values: found 'winter'; allowed is a tuple of texts, such as ('winter',): the comma makes it a tuple",
        ),
        (
            lambda: Category("season", {"winter"}),
            "season: values: found {'winter'}; allowed is a tuple of texts, such as",
        ),
        (lambda: Category("season", ("a", 1)), "season: values[1]: found 1; allowed is a text"),
        (
            lambda: Category("season", encoding="hot"),
            "season: encoding: found 'hot'; allowed is one of one_hot, position",
        ),
        (lambda: Hyperparameters({"loss": Choice("poisson")}), "loss: values: found 'poisson'; allowed is a tuple of"),
        (lambda: Hyperparameters({"depth": Integer(minimum="1")}), f"depth: minimum: found '1'; {BOUND}"),
        (lambda: Hyperparameters({"rate": Real(above="0")}), f"rate: above: found '0'; {BOUND}"),
        (
            lambda: Hyperparameters({"rate": 0.1}),
            "Hyperparameters: rate: found 0.1; allowed is an Integer(…), a Real(…) or a Choice(…)",
        ),
        (lambda: Hyperparameters({1: Real()}), "Hyperparameters: name: found 1; allowed is a text"),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused_by_name(declare: Callable[[], Any], problem: str) -> None:
    with pytest.raises(InputError) as refused:
        declare()
    assert str(refused.value).startswith(problem)


def test_values_in_a_list_are_those_of_the_tuple() -> None:
    assert Category("season", ["summer", "winter"]) == Category("season", ("summer", "winter"))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty `model` package, which is imported in place of another one."""
    imported = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "model"}
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").touch()
    yield tmp_path / "model"
    for name in [name for name in sys.modules if name.partition(".")[0] == "model"]:
        del sys.modules[name]
    sys.modules.update(imported)


FEATURES = 'from mlops.contract import Number\n\nTARGET = Number("bikes")\nFEATURES = (\n    Number("humidity", minimum="0"),\n)\n'


def test_a_wrong_argument_of_a_feature_is_refused_with_file_and_line(model: Path) -> None:
    (model / "features.py").write_text(FEATURES)
    with pytest.raises(InputError) as refused:
        team.features()
    assert str(refused.value) == (
        f"model/features.py:5: humidity: minimum: found '0'; {BOUND}. "
        "See docs/bring-your-own-model.md, then run: mlops check"
    )


def test_a_wrong_argument_is_placed_in_its_own_file_when_another_imports_it(model: Path) -> None:
    (model / "features.py").write_text(FEATURES)
    (model / "train.py").write_text("from model.features import FEATURES\n\n\ndef train(container):\n    pass\n")
    with pytest.raises(InputError, match=r"^model/features\.py:5: humidity: minimum: found '0'"):
        team.train()


def test_a_wrong_argument_of_a_hyperparameter_is_refused_with_file_and_line(model: Path) -> None:
    (model / "hyperparameters.py").write_text(
        "from mlops.container.hyperparameters import Choice, Hyperparameters\n\n"
        'HYPERPARAMETERS = Hyperparameters({"loss": Choice("poisson")})\n'
    )
    with pytest.raises(InputError, match=r"^model/hyperparameters\.py:3: loss: values: found 'poisson'; allowed is a"):
        team.hyperparameters()


def test_a_feature_of_no_kind_is_refused(model: Path) -> None:
    (model / "features.py").write_text(
        'from mlops.contract import Feature, Number\n\nTARGET = Number("bikes")\nFEATURES = (Feature("humidity"),)\n'
    )
    with pytest.raises(InputError, match=r"^model/features\.py: FEATURES\[0\]: found Feature\(name='humidity'"):
        team.features()


def test_a_saved_schema_with_a_wrong_bound_is_no_usable_model(tmp_path: Path) -> None:
    size = '{"name": "size", "type": "number", "minimum": "0"}'
    (tmp_path / SCHEMA_FILE).write_text(f'{{"target": {size}, "features": [{size}]}}')
    with pytest.raises(InputError, match=r"no usable model in .*features\.json does not describe .*minimum: found '0'"):
        load_schema(tmp_path)
