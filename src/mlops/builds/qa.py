"""The pipeline's actions Test/QA (`--endpoint test`) and Production/Smoke (`--endpoint production --smoke`).

Reads BUCKET, EXECUTION_ID and DATA_VERSION from the environment. Exit code 0: passed, 1: the endpoint failed,
2: the input is wrong. The last line that is not indented is the reason.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlops import configuration, names
from mlops.aws import checksums
from mlops.aws.session import Session
from mlops.builds.environment import required
from mlops.errors import MlopsError, PipelineError
from mlops.qa.result import Check, Result
from mlops.qa.run import ReleaseUnderTest, run


def main(arguments: list[str] | None = None) -> int:
    """Test the endpoint, upload the results, and print the outcome."""
    parser = argparse.ArgumentParser(prog="mlops.builds.qa", description="Test an endpoint of this repository.")
    parser.add_argument("--endpoint", required=True, choices=["test", "production"])
    parser.add_argument("--smoke", action="store_true", help="check the predictions only, without load")
    chosen = parser.parse_args(arguments)
    try:
        _run(Path.cwd(), chosen.endpoint, smoke=chosen.smoke)
    except MlopsError as error:
        print(error, flush=True)
        return error.exit_code
    return 0


def _run(root: Path, stage: names.Stage, *, smoke: bool) -> None:
    settings = configuration.load(root)
    release = ReleaseUnderTest(stage, *map(required, ("EXECUTION_ID", "DATA_VERSION", "BUCKET")))
    session = Session(settings.project.region)
    folder = "smoke" if smoke else "qa"
    result = run(session, settings, release, root, root / folder, smoke=smoke, on_check=_say)
    print(f"Tested {result.endpoint}", flush=True)
    location = _upload(session, release, root / folder, folder)
    print(f"Results: {location}", flush=True)
    if not result.passed:
        raise PipelineError(_why(result))
    print(f"Passed all {len(result.checks)} checks", flush=True)


def _upload(session: Session, release: ReleaseUnderTest, directory: Path, folder: str) -> str:
    prefix = f"{names.execution_prefix(release.execution_id)}{folder}/"
    golden_rows = names.golden_rows_key(release.execution_id)
    for file in sorted(directory.iterdir()):
        if golden_rows.endswith(f"/{file.name}"):
            checksums.put_once(session.client("s3"), release.bucket, golden_rows, file)
        else:
            session.client("s3").upload_file(str(file), release.bucket, prefix + file.name)
    return f"s3://{release.bucket}/{prefix}"


def _say(check: Check) -> None:
    print(f"  {'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.message}", flush=True)


def _why(result: Result) -> str:
    """The first failure unindented, which is what is quoted as the cause, and the others below it."""
    first, *others = (check.message for check in result.failed)
    return "\n".join([first, *(f"  also: {other}" for other in others)])


if __name__ == "__main__":
    sys.exit(main())
