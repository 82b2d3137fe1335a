"""The environment of a build is isolated from the cloud and from other builds."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from builders import Builders
from harness import Cloud

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def counterfeit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel by the name of boto3 with an impossible version, and a program by the name of aws."""
    wheel = tmp_path_factory.mktemp("wheels") / "boto3-99.0-py3-none-any.whl"
    files = {
        "boto3/__init__.py": "__version__ = '99.0'\n",
        "boto3/program.py": "def main(): print('counterfeit', __import__('boto3').__version__)\n",
        "boto3-99.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: boto3\nVersion: 99.0\n",
        "boto3-99.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "boto3-99.0.dist-info/entry_points.txt": "[console_scripts]\naws = boto3.program:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, "boto3-99.0.dist-info/RECORD"])
    with zipfile.ZipFile(wheel, "w") as content:
        for name, text in {**files, "boto3-99.0.dist-info/RECORD": record}.items():
            content.writestr(name, text)
    return wheel


@pytest.mark.parametrize("pip", ["pip", "python -m pip"])
def test_packages_of_a_build_stay_in_the_build(builders: Builders, counterfeit: Path, pip: str) -> None:
    name = f"installs-{pip.replace(' ', '-')}"
    builders.commands(
        name,
        f"{pip} install --no-index --no-deps --force-reinstall {counterfeit}",
        'python -c "import boto3; print(boto3.__version__)"',
        "aws",
    )
    build = builders.run(name)
    output = builders.output(build)
    assert build["buildStatus"] == "SUCCEEDED", builders.log(build)
    assert "99.0" in output and "counterfeit 99.0" in output
    shown = "import boto3, boto3.session, importlib.metadata as m; print(m.version('boto3'))"
    mine = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert mine.stdout.strip() != "99.0"
    builders.commands(f"{name}-after", 'python -c "import boto3; print(boto3.__version__)"', "aws --version")
    after = builders.output(builders.run(f"{name}-after"))
    assert mine.stdout.strip() in after


def test_build_cannot_remove_packages_of_the_cloud(builders: Builders) -> None:
    builders.commands("uninstalls", "pip uninstall --yes boto3; python -c 'import boto3.session'")
    build = builders.run("uninstalls")
    assert build["buildStatus"] == "SUCCEEDED", builders.log(build)


def test_programs_run_with_the_builds_interpreter(builders: Builders) -> None:
    where = "python -c 'import sys; print(sys.prefix)'"
    builders.commands("programs", where, "command -v pip pytest python", "pytest --version", "cfn-lint --version")
    build = builders.run("programs")
    prefix, pip, pytest_, python = builders.output(build)[:4]
    assert build["buildStatus"] == "SUCCEEDED", builders.log(build)
    assert Path(prefix) != Path(sys.prefix)
    assert [Path(each).parent.parent for each in (pip, pytest_, python)] == [Path(prefix)] * 3


def test_temporary_files_of_a_build_go_with_it(cloud: Cloud, builders: Builders) -> None:
    builders.commands("litters", 'python -c "import tempfile; print(tempfile.mkdtemp())"', "mktemp", 'echo "$HOME"')
    build = builders.run("litters")
    made, file, home = (Path(line) for line in builders.output(build)[:3])
    assert made.is_relative_to(cloud.directory) and file.is_relative_to(cloud.directory)
    assert home.is_relative_to(cloud.directory)
    assert not made.exists() and not file.exists()
