"""A configuration file without a usable value is refused with its name, its line and, where it has one, its key."""

from __future__ import annotations

import json

import pytest
from repository import Repository

from mlops.configuration import load
from mlops.errors import InputError


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path)


def bomb(pattern: str) -> str:
    """Ten lines of aliases that expand to billions of values."""
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} " + pattern % ",".join([f"*a{n - 1}"] * 10) for n in range(1, 10)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("file", "text", "key", "line", "found"),
    [
        pytest.param("qa.yml", bomb("[%s]") + "users: *a9\n", "a4[", 1, "over 10,000 values", id="alias bomb"),
        pytest.param("qa.yml", bomb("{<<: [%s]}"), "a4.<<[", 1, "over 10,000 values", id="bomb of merges"),
        pytest.param("qa.yml", "users: &x [*x]", "users[0]", 1, "an alias of a parent", id="circular value"),
        pytest.param("qa.yml", "&x [*x]", "[0]", 1, "an alias of a parent", id="circular document"),
        pytest.param("production.yml", "shift:\n  2001-01-01: 1", "shift", 2, "the key 2001-01-01", id="date as key"),
        pytest.param("qa.yml", "a: 1\nnull: 1", "", 2, "the key null", id="null as key"),
        pytest.param("qa.yml", "? [a]\n: 1", "", 1, "an object or list as key", id="list as key"),
        pytest.param("project.json", '{\n"": 1}', "", 2, "an empty key", id="empty key"),
        pytest.param("qa.yml", "users: 0x" + "f" * 6000, "users", 1, "0xfff", id="integer of 6,000 digits"),
        pytest.param("test.yml", "InitialInstanceCount: 0x" + "f" * 6000, "InitialInstanceCount", 1, "0x", id="hex"),
        pytest.param("project.json", '{"model":\n' + "9" * 5000 + "}", "model", 1, "999", id="5,000 digits in JSON"),
        pytest.param("trainingjob.json", '{"\\ud800": 1}', "\ud800", 1, "a key with half a character", id="key"),
        pytest.param(
            "trainingjob.json", '{"HyperParameters":{\n"eta":"\\ud800"}}', "HyperParameters.eta", 2, "", id="value"
        ),
        pytest.param("project.json", '{"a":' * 5000 + "1" + "}" * 5000, "", None, "too many levels", id="deep JSON"),
        pytest.param("tuning.json", "[" * 100_000, "", None, "too many levels", id="open brackets in JSON"),
        pytest.param("qa.yml", "[" * 5_000, "", None, "too many levels", id="open brackets in YAML"),
        pytest.param("qa.yml", "users: " + "[" * 60 + "]" * 60, "users[0]", 1, "too many levels", id="60 levels"),
        pytest.param("qa.yml", "users: !!int ''", "users", 1, "nothing", id="empty !!int"),
        pytest.param("qa.yml", "users: !!float ''", "users", 1, "nothing", id="empty !!float"),
        pytest.param("qa.yml", "users: !!bool x", "users", 1, "x", id="!!bool"),
        pytest.param("qa.yml", "users: !!timestamp x", "users", 1, "x", id="!!timestamp"),
        pytest.param("qa.yml", "users: !!set {a}", "users", 1, "!!set", id="!!set"),
        pytest.param("qa.yml", "users: !!python/name:os.system x", "users", 1, "x", id="a tag of Python's"),
        pytest.param("trainingjob.json", '{"Tags":\n[NaN]}', "Tags[0]", 2, "NaN", id="NaN in JSON"),
        pytest.param("project.json", '{"model":\n-Infinity}', "model", 2, "-Infinity", id="infinity in JSON"),
        pytest.param("qa.yml", "users: 1\n# \x07", "", 2, "the character U+0007", id="control character"),
        pytest.param("qa.yml", "#" * 1_000_001, "", None, "a larger file", id="larger than 1 MB"),
    ],
)
def test_a_text_that_has_no_usable_value_is_refused(repository, file, text, key, line, found):
    repository.write(file, text)
    (problem,) = repository.problems()
    assert problem.file == f"configuration/{file}"
    assert problem.key.startswith(key) and bool(problem.key) == bool(key)
    assert problem.line == line or file == "project.json"
    assert problem.found.startswith(found)


def test_a_folder_in_place_of_a_file_is_refused(repository):
    (repository.root / "configuration" / "qa.yml").unlink()
    (repository.root / "configuration" / "qa.yml").mkdir()
    (problem,) = repository.problems()
    assert (problem.file, problem.found) == ("configuration/qa.yml", "Is a directory")


@pytest.mark.parametrize("expression", ["(a){99999999999}", "(" * 245 + "a" + ")" * 245])
def test_a_metric_whose_expression_is_too_much_for_python_is_refused(repository, expression):
    repository.change(
        "trainingjob.json",
        lambda data: data["AlgorithmSpecification"]["MetricDefinitions"][0].update(Regex=expression),
    )
    (problem,) = repository.problems()
    assert problem.key == "AlgorithmSpecification.MetricDefinitions[0].Regex"


@pytest.mark.parametrize("text", ["eta \U0001f695", "\u00e9t\u00e9", "a\ttab"])
def test_any_text_may_be_a_value_however_json_escapes_it(repository, text):
    path = repository.root / "configuration" / "trainingjob.json"
    path.write_text(path.read_text().replace('"train:rmse"', json.dumps(text)))
    (metric, *_) = load(repository.root).training_job["AlgorithmSpecification"]["MetricDefinitions"]
    assert metric["Name"] == text


def test_aliases_and_merges_of_usual_size_are_values_like_others(repository):
    path = repository.root / "configuration" / "production.yml"
    text = path.read_text().replace("api:\n", "api:\n  <<: {burst: 300}\n").replace("  burst: 200\n", "")
    path.write_text(
        text.replace("minutes: 5", "minutes: &five 5").replace("errors_per_minute: 5", "errors_per_minute: *five")
    )
    production = load(repository.root).production
    assert (production.api.burst, production.alarms.errors_per_minute) == (300, 5)


def test_a_refusal_shows_no_character_that_a_terminal_would_obey(repository):
    repository.write("qa.yml", 'users: "\\e[2J\\u009b"\n"\\e[31m": 1\n')
    with pytest.raises(InputError) as caught:
        load(repository.root)
    text = str(caught.value)
    assert text.replace("\n", "").isprintable()
    assert "\\u001b[2J\\x9b" in text and "\\x1b[31m: found an unknown key" in text
