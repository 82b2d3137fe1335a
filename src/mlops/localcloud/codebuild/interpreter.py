"""The Python of a build: a separate virtual environment that also finds the packages of the cloud's environment.

Without it, `pip install --force-reinstall boto3` in a build would replace packages of the cloud that runs it.
"""

import site
import sys
import venv
from pathlib import Path

# `exec` replaces the shell by the interpreter; to Python both lines are a string. Kernels cut off long #! lines.
_HEADER = "#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''\n"


def make(directory: Path) -> Path:
    """Make the environment. Returns its directory of programs, to be put in front of the cloud's on the PATH."""
    venv.EnvBuilder(symlinks=True).create(directory)
    programs = directory / "bin"
    [packages] = directory.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({path!r})\n" for path in _site_directories()]
    (packages / "cloud.pth").write_text("".join(lines), encoding="utf-8")
    for script in Path(sys.executable).parent.iterdir():
        if not (programs / script.name).exists() and script.is_file():
            _copy(script, programs / script.name, programs / "python")
    return programs


def _site_directories() -> list[str]:
    own = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [path for path in [*site.getsitepackages(), *own] if Path(path).is_dir()]


def _copy(script: Path, copy: Path, interpreter: Path) -> None:
    """Copy a script of the cloud's interpreter, such as pip, for the build's."""
    with script.open("rb") as file:
        if file.read(2) != b"#!":
            return
        head = file.readline()
        if head.strip() == b"/bin/sh":
            head = file.readline()
            file.readline()
        if str(Path(sys.executable).parent).encode() not in head:
            return
        copy.write_bytes(_HEADER.format(interpreter=interpreter).encode() + file.read())
    copy.chmod(0o755)
