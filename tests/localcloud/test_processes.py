"""Child processes end with the cloud, however it ends."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from baking import REPOSITORY
from waiting import until

from mlops.localcloud import processes


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
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    process = processes.start([sys.executable, "-c", script], {}, tmp_path, lines.append)
    until(lambda: lines)
    assert process.stop(grace_seconds=0.1) == -signal.SIGKILL


def test_child_processes_end_with_their_program(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    process = processes.start([sys.executable, "-c", script], {"PATH": os.defpath}, tmp_path, lines.append)
    assert process.wait(20) == 0
    until(lambda: not alive(int(lines[0])))


def test_children_are_killed_when_the_cloud_itself_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from mlops.localcloud import processes
        processes.start_reaper()
        child = processes.start(["sleep", "60"], {"PATH": "/usr/bin:/bin"}, Path("."), print)
        print(child.pid, flush=True)
        time.sleep(600)
    """)
    cloud = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    child = int(cloud.stdout.readline())
    assert alive(child)
    cloud.kill()
    cloud.communicate()
    until(lambda: not alive(child))


# A server whose workers are its children, as that of the models is.
WITH_WORKERS = """
import subprocess, time
worker = subprocess.Popen(["sleep", "60"])
print(worker.pid, flush=True)
time.sleep(600)
"""


def test_the_cloud_and_its_reaper_killed_together_leave_no_process(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WITH_WORKERS)
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from mlops.localcloud import processes
        processes.start_reaper()
        for _ in range(2):
            argv = [sys.executable, sys.argv[1]]
            child = processes.start(argv, {"PATH": "/usr/bin:/bin"}, Path("."), lambda line: print(line, flush=True))
            print(child.pid, flush=True)
        print(processes._reaper.pid, flush=True)
        time.sleep(600)
    """)
    command = [sys.executable, "-c", script, str(tmp_path / "program.py")]
    cloud = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    pids = [int(cloud.stdout.readline()) for _ in range(5)]
    assert all(alive(pid) for pid in pids)
    # Neither may see the other end: stopped first, so that both are dead before either can act.
    together = [pid for pid in (*pids, cloud.pid) if "mlops.localcloud.reaper" in command_of(pid) or pid == cloud.pid]
    assert len(together) == 2
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in together:
            os.kill(pid, number)
    cloud.communicate()
    until(lambda: not [pid for pid in pids if alive(pid)])


@pytest.mark.parametrize(
    ("program", "number"), [("absent", errno.ENOENT), ("./absent", errno.ENOENT), ("./data", errno.EACCES)]
)
def test_a_program_that_cannot_be_started_fails_with_the_systems_error(
    tmp_path: Path, program: str, number: int
) -> None:
    (tmp_path / "data").touch(mode=0o644)
    with pytest.raises(OSError) as refusal:
        processes.start([program], {"PATH": os.defpath}, tmp_path, print)
    assert refusal.value.errno == number


def test_a_program_has_no_child_that_it_did_not_start_and_no_input(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import os, sys; print(repr(sys.stdin.read()), len(os.listdir('/dev/fd')))\ntry: os.wait()\nexcept ChildProcessError: print('childless')"
    process = processes.start([sys.executable, "-c", script], {}, tmp_path, lines.append)
    assert process.wait(20) == 0
    # The three standard streams, and the directory that is listed.
    assert lines == ["'' 4", "childless"]


def test_supervised_program_is_not_restarted_when_the_cloud_stops(tmp_path: Path) -> None:
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
    output, _ = cloud.communicate("stop\n", timeout=120)
    *others, last = output.splitlines()
    assert last == "the local cloud is stopping"
    assert not [pid for pid in (first, *others) if alive(int(pid))]


def alive(pid: int) -> bool:
    """Whether a process runs. A zombie that waits for its parent does not."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(status) and not status.startswith("Z")


def command_of(pid: int) -> str:
    return " ".join(psutil.Process(pid).cmdline())
