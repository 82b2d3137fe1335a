"""A repository with a first release in production, in a local cloud of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pipelines import deployed
from workshop import Released, Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """The deployed pipeline, with two tuning trials."""

    def tune_twice(workshop: Workshop) -> None:
        workshop.edit(
            "configuration/tuning.json",
            lambda tuning: tuning["HyperParameterTuningJobConfig"]["ResourceLimits"].update(
                MaxNumberOfTrainingJobs=2, MaxParallelTrainingJobs=2
            ),
        )

    with deployed(tmp_path_factory.mktemp("workshop"), tune_twice) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def released(workshop: Workshop) -> Released:
    """The first release, with tuning."""
    return Released(
        workshop.succeed("start", "--tune"),
        workshop.succeed("watch", "--until-approval"),
        workshop.succeed("approve", "--comment", "the figures look right"),
        workshop.succeed("watch"),
    )


@pytest.fixture
def pristine(workshop: Workshop, released: Released) -> Iterator[Workshop]:
    """The workshop with a release in production. Its files are restored after the test."""
    yield workshop
    for path in Path(workshop.pristine).rglob("*"):
        if path.is_file():
            workshop.restore(str(path.relative_to(workshop.pristine)))
