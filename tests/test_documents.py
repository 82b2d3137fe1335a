"""The documents of a generated repository, followed to the letter."""

import os
import re
import subprocess
import sys
from pathlib import Path

from baking import bake

_BLOCK = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_recipe_for_ones_own_model_gives_a_repository_whose_tests_pass(tmp_path: Path) -> None:
    repository = bake(tmp_path)
    commands = []
    for _, path, content in _BLOCK.findall((repository / "docs" / "bring-your-own-model.md").read_text()):
        if path:
            (repository / path).write_text(content)
        else:
            commands += content.splitlines()
    assert {"mlops data prepare", "python -m pytest tests/model"} <= set(commands)
    for command in commands:
        run(repository, command)
    for path in ("tests/qa/test_qa_step.py", "tests/test_configuration.py"):
        run(repository, f"python -m pytest -q {path}")


def run(repository: Path, command: str) -> None:
    """Run a line of a document as its reader would, in the environment of `make setup`."""
    python = f"{sys.executable} -m"
    line = re.sub(r"^mlops ", f"{python} mlops ", re.sub(r"^python -m ", f"{python} ", command))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, cwd=repository, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
