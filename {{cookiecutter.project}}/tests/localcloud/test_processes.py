"""Child processes end with the cloud, however it ends."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from harness import until

from mlops.localcloud import processes

REPOSITORY = Path(__file__).parents[2]


def test_output_arrives_line_by_line_and_the_exit_code_is_kept(tmp_path: Path) -> None:
    lines: list[str] = []
    process = processes.start(
        [sys.executable, "-c", "print('one'); print('two'); raise SystemExit(3)"], {}, tmp_path, lines.append
    )
    assert process.wait(20) == 3
    assert lines == ["one", "two"]


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    lines: list[str] = []
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    process = processes.start([sys.executable, "-c", script], {}, tmp_path, lines.append)
    until(lambda: lines, 20)
    assert process.stop(grace_seconds=0.1) == -signal.SIGKILL


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    process = processes.start([sys.executable, "-c", script], {"PATH": os.defpath}, tmp_path, lines.append)
    assert process.wait(20) == 0
    until(lambda: not alive(int(lines[0])), 10)


def test_children_are_killed_when_the_cloud_itself_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from mlops.localcloud import processes
        processes.start_reaper()
        child = processes.start(["sleep", "60"], {"PATH": "/usr/bin:/bin"}, Path("."), print)
        print(child.pid, flush=True)
        time.sleep(60)
    """)
    cloud = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    child = int(cloud.stdout.readline())
    assert alive(child)
    cloud.kill()
    cloud.communicate()
    until(lambda: not alive(child), 10)


def test_a_program_that_somebody_keeps_running_does_not_start_again_when_the_cloud_stops(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import threading
        from pathlib import Path
        from mlops.localcloud import processes

        def keep_running():
            while True:
                try:
                    child = processes.start(["sleep", "60"], {"PATH": "/usr/bin:/bin"}, Path("."), print)
                except OSError as error:
                    return print(error.strerror, flush=True)
                print(child.pid, flush=True)
                child.wait()

        processes.start_reaper()
        keeper = threading.Thread(target=keep_running)
        keeper.start()
        input()
        processes.stop_all()
        keeper.join()
    """)
    cloud = subprocess.Popen(
        [sys.executable, "-c", script], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    first = cloud.stdout.readline()
    said, _ = cloud.communicate("stop\n", timeout=120)
    *others, last = said.splitlines()
    assert last == "the local cloud is stopping"
    assert not [pid for pid in (first, *others) if alive(int(pid))]


def alive(pid: int) -> bool:
    """Whether a process runs. A zombie that waits for its parent does not."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(status) and not status.startswith("Z")
