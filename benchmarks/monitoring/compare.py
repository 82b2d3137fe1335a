"""Compare `python -m mlops.container monitor` with a drift report by Evidently, on the same captured records.

    python benchmarks/monitoring/compare.py [--evidently PYTHON]

What has to be installed is in README.md. Writes RESULTS.md beside itself. Linux only, for the unit of ru_maxrss.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import records

RECORDS = (50_000, 500_000)
MOST_SECONDS = 10.0
"""For the smaller number of records, on two cores."""
LONGER = 1.4


@dataclass
class Figures:
    """One entry per repetition, by the number of records; and what was found in shifted records."""

    seconds: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in RECORDS})
    processor: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in RECORDS})
    megabytes: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in RECORDS})
    page: float = 0.0
    drifted: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evidently", metavar="PYTHON", help="of an environment with requirements.txt [default: none]")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions, of which the median counts [default: 3]")
    parser.add_argument("--output", type=Path, default=records.HERE / "RESULTS.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure_all(Path(folder), options.evidently, options.repeat)
    report = _report(figures, options.repeat)
    options.output.write_text(report, encoding="utf-8")
    print(report)
    return 0 if statistics.median(figures["ours"].seconds[min(RECORDS)]) <= MOST_SECONDS else 1


def _measure_all(folder: Path, evidently: str | None, repeat: int) -> dict[str, Figures]:
    prepared = records.dataset(folder / "dataset")
    baseline = records.baseline(prepared, folder / "baseline", dict(os.environ))
    figures = {"ours": Figures()} | ({"Evidently": Figures()} if evidently else {})
    for count, longer in [*((count, 1.0) for count in RECORDS), (min(RECORDS), LONGER)]:
        base = folder / f"{count}-{longer:g}"
        inputs = base / "processing" / "input"
        inputs.mkdir(parents=True)
        (inputs / "baseline").symlink_to(baseline)
        print(f"write {count:,} records", file=sys.stderr, flush=True)
        records.write(prepared, inputs / "capture", count, longer_trips=longer)
        commands = {"ours": [sys.executable, "-m", "mlops.container", "monitor"]}
        pages = {"ours": base / "processing" / "output" / "monitoring" / "report.html"}
        if evidently:
            pages["Evidently"] = base / "evidently.html"
            script = records.HERE / "evidently_report.py"
            arguments = (prepared / "baseline" / "baseline.csv", inputs / "capture", pages["Evidently"])
            commands["Evidently"] = [evidently, *map(str, (script, *arguments))]
        for repetition in range(repeat if longer == 1 else 1):
            for name, command in commands.items():
                print(f"repetition {repetition + 1}: {name}", file=sys.stderr, flush=True)
                seconds, processor, megabytes, output = _run(command, {"SAGEMAKER_BASE_DIR": str(base)})
                if longer != 1:
                    found = json.loads(output.splitlines()[-1])
                    figures[name].drifted = found["drifted"] if isinstance(found, dict) else found
                    figures[name].page = pages[name].stat().st_size / 1e6
                    continue
                figures[name].seconds[count].append(seconds)
                figures[name].processor[count].append(processor)
                figures[name].megabytes[count].append(megabytes)
    return figures


def _run(command: Sequence[str], variables: Mapping[str, str]) -> tuple[float, float, float, str]:
    """Seconds, those of the processor, peak resident megabytes and output of a process, its start included.

    The peak is at least that of this process, from which the kernel makes the other.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=records.PROJECT, env=os.environ | variables, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        output.seek(0)
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, output.read()


def _report(figures: Mapping[str, Figures], repeat: int) -> str:
    def line(title: str, *cells: str) -> str:
        return f"| {title} | {' | '.join(cells)} |"

    def rows(title: str, values: str, form: str) -> list[str]:
        by_count = [[getattr(each, values)[count] for each in figures.values()] for count in RECORDS]
        return [
            line(f"{title}, {count:,} records", *(form.format(statistics.median(each)) for each in found))
            for count, found in zip(RECORDS, by_count, strict=True)
        ]

    lines = [line("", *figures), "|---|" + "---:|" * len(figures)]
    lines += rows("seconds", "seconds", "{:.1f}")
    lines += rows("seconds of the processor", "processor", "{:.1f}")
    lines += rows("peak memory, MB", "megabytes", "{:,.0f}")
    lines.append(line("page, MB", *(f"{f.page:.2f}" for f in figures.values())))
    title = f"drifted, of {min(RECORDS):,} trips {LONGER:g} times as long"
    lines.append(line(title, *(", ".join(sorted(f.drifted)) or "–" for f in figures.values())))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = os.getloadavg()[2]
    return (
        "# Monitoring: ours against Evidently\n\n"
        f"Made by `python benchmarks/monitoring/compare.py` on {machine}; each is a process from its start to its end, "
        f"{f'median of {repeat}' if repeat > 1 else 'once'}. The machine's load average over the last 15 minutes was {load:.1f}.\n\n"
        + "\n".join(lines)
        + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
