"""The repository that a use case works on."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops import configuration, shapes
from mlops.aws.session import Session
from mlops.configuration import Configuration, Project
from mlops.errors import InputError, InputProblem
from mlops.names import Names

_MARKER = Path("configuration") / "project.json"


@dataclass(frozen=True)
class Repository:
    """The generated repository at `root`, with its configuration, AWS session and paths, which are read on first use."""

    root: Path

    @property
    def state(self) -> Path:
        """The folder for local files that git ignores."""
        return self.root / ".mlops"

    @property
    def cloud_directory(self) -> Path:
        return self.state / "local"

    @property
    def reports(self) -> Path:
        return self.state / "reports"

    @property
    def dataset(self) -> Path:
        return self.state / "dataset"

    @cached_property
    def configuration(self) -> Configuration:
        return configuration.load(self.root)

    def check(self) -> None:
        """Raise InputError with every fault in configuration/. Callers check before they upload anything."""
        self.configuration  # noqa: B018 - reading it is the check

    @cached_property
    def project(self) -> Project:
        """project.json alone: commands that only read a release work in spite of faults in other files."""
        return configuration.load_project(self.root)

    @cached_property
    def session(self) -> Session:
        """A session in the region of project.json. InputError where AWS has no such region."""
        region = self.project.region
        session = Session(region)
        known = session.known_regions
        if region not in known:
            problem = InputProblem(_MARKER.as_posix(), "region", f'"{region}"', shapes.closest(region, known))
            raise InputError("AWS has no such region.", [problem])
        return session

    @property
    def names(self) -> Names:
        return Names(self.project.project, self.project.model)

    @property
    def bucket(self) -> str:
        return self.names.bucket(self.session.account, self.session.region)


def find() -> Repository:
    """The repository around the working directory, its `model` and `data` importable; InputError when there is none."""
    root = _root()
    if root is None:
        raise InputError(f"No {_MARKER} here or in a directory above. Go to the model repository: cd PROJECT")
    if str(root) not in sys.path:
        # Last: a file at the repository's root must not replace a module of the environment.
        sys.path.append(str(root))
    return Repository(root)


def state_directory() -> Path:
    """The folder for local files, inside a repository or not."""
    root = _root()
    return (root or Path(tempfile.gettempdir())) / ".mlops"


def _root() -> Path | None:
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / _MARKER).is_file()), None)
