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
    header, *rows = (repository / ".mlops" / "dataset" / "train" / "train.csv").read_text().splitlines()
    (repository / "text.csv").write_text("\n".join([header, "3.5,1.0,far,3,AA", *rows]))
    (repository / "excel.csv").write_text("\n".join([header, *rows]), encoding="utf-16")
    refused = run(repository, "mlops data prepare text.csv", exit_code=2)
    assert 'text.csv: line 2, column distance: found "far", allowed is a number, above 0' in refused
    assert "excel.csv: 'utf-8' codec can't decode" in run(repository, "mlops data prepare excel.csv", exit_code=2)


def run(repository: Path, command: str, exit_code: int = 0) -> str:
    """Run a line of a document as its reader would, in the environment of `make setup`; return its errors."""
    line = re.sub(r"^mlops ", "python -m mlops ", command)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, cwd=repository, env=environment, text=True, capture_output=True)
    assert done.returncode == exit_code, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stderr
