"""A buildspec as one shell script, so that variables and directories carry over from command to command.

The script marks phases and failures by lines that begin with `MARK`; the runner takes them out of the log.
"""

import shlex

from mlops.localcloud.codebuild.buildspec import PHASES, Buildspec

MARK = "\x1elocalcloud"


def render(spec: Buildspec) -> str:
    """The script for `bash -s`. Exit code 0 when every phase succeeded.

    As on AWS, post_build runs after a failed build unless that phase says ABORT, and after no other failure.
    """
    lines = ["__failed=0", f'__mark() {{ printf "%s %s\\n" {shlex.quote(MARK)} "$*"; }}']
    for name in PHASES:
        phase = spec.phases.get(name)
        if phase is None:
            continue
        lines.append(
            f'if [ "$__failed" -lt {2 if name == "post_build" else 1} ]; then __ok=1; __mark start {name}'
        )
        lines += [_guarded(command, name) for command in phase.commands]
        lines += [_guarded(command, name, always=True) for command in phase.finally_]
        severity = 1 if name == "build" and not phase.abort_on_failure else 2
        lines.append(
            f'if [ "$__ok" = 1 ]; then __mark end {name} SUCCEEDED; else __mark end {name} FAILED; __failed={severity}; fi'
        )
        lines.append("fi")
    lines += [f'__mark export {name} "${{{name}-}}"' for name in spec.exported]
    lines.append('[ "$__failed" = 0 ]')
    return "\n".join(lines) + "\n"


def _guarded(command: str, phase: str, always: bool = False) -> str:
    quoted = shlex.quote(command)
    run = f'__mark command {quoted}; eval {quoted} || {{ __status=$?; __ok=0; __mark failed {phase} "$__status" {quoted}; }}'
    return run if always else f'if [ "$__ok" = 1 ]; then {run}; fi'
