"""`mlops.release`: the example of its docstring, its events, and what it raises."""

import ast
import doctest
import inspect
from pathlib import Path

import pytest
import small_pipeline

import mlops.cli
import mlops.release
from mlops import release
from mlops.aws.session import Session
from mlops.cli.show import lines
from mlops.errors import InputError
from mlops.names import Names
from mlops.release import events


def test_example_in_the_docstring_holds(session: Session, names: Names, repository: Path):
    small_pipeline.create(session, names, repository)
    (example,) = doctest.DocTestFinder(recurse=False).find(mlops.release)
    assert len(example.examples) > 5
    output: list[str] = []
    doctest.DocTestRunner().run(example, out=output.append)
    assert "".join(output) == ""


def test_door_documents_each_use_case():
    for name in release.__all__:
        assert inspect.getdoc(getattr(release, name)), name


def test_use_cases_print_nothing():
    for file in Path(mlops.release.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text())
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert called.isdisjoint({"print", "input"}), file
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not [name for name in imported if name and name.startswith(("click", "rich", "mlops.cli"))], file


# Events of progress, which only the live display shows.
_MOTION = {events.StepStarted, events.StepProgressed, events.StepEnded, events.ExecutionChanged}


@pytest.mark.parametrize("event", sorted(set(events.Event.__subclasses__()) - _MOTION, key=lambda each: each.__name__))
def test_command_line_shows_each_event(event: type[events.Event]):
    assert lines.dispatch(event) is not lines.dispatch(events.Event)


def test_data_that_is_given_twice_is_refused(repository: Path):
    with pytest.raises(InputError, match="Give it once"):
        release.result(release.start(release.find(), "trips.csv", data_version="latest"))
