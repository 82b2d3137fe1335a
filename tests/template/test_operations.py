"""docs/operations.md has a section for every alarm of the templates, and its commands are ones that exist."""

import re
import shlex
from collections.abc import Iterator

import botocore.session
import click
import pytest
from baking import GENERATED, TEMPLATE
from botocore import xform_name
from templates import ALL, resources

from mlops.cli import main
from mlops.names import Names

DOCUMENT = (GENERATED / "docs" / "operations.md").read_text(encoding="utf-8")
REFERENCE = re.compile(r" In docs/operations\.md - (?P<section>[^.]+)$")
# The part of the document with alarms: from its heading to the next one of the same level.
ALARMS = re.search(r"^# Alarms\n(.*?)^# ", DOCUMENT, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.strip()
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
# Of gh: the commands with their number of arguments.
GH = {("workflow", "disable"): 1, ("workflow", "enable"): 1}


def alarms() -> Iterator[tuple[str, str]]:
    """Each alarm of a template, with its description."""
    for name in ALL:
        for logical_id, properties in resources(name, "AWS::CloudWatch::Alarm").items():
            description = properties["AlarmDescription"]
            yield f"{name}.yml {logical_id}", description if isinstance(description, str) else description["Fn::Sub"]


def sections() -> dict[str, str]:
    """The sections about alarms, by their headings."""
    assert ALARMS
    parts = re.split(r"^## (.*)\n", ALARMS[1], flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(("alarm", "description"), list(alarms()))
def test_the_description_of_an_alarm_names_its_section(alarm: str, description: str) -> None:
    reference = REFERENCE.search(description)
    assert reference, f"{alarm} names no section of docs/operations.md: {description}"
    assert reference["section"] in sections()


def test_each_section_is_about_an_alarm() -> None:
    named = {found["section"] for _, description in alarms() if (found := REFERENCE.search(description))}
    assert sections().keys() == named


def test_each_alarm_is_one_of_its_project_and_of_no_other() -> None:
    names, other = Names("demo", "trips"), Names("demo-production", "trips")
    for name in ALL:
        for properties in resources(name, "AWS::CloudWatch::Alarm").values():
            template = properties["AlarmName"]["Fn::Sub"]
            for own, stranger in ((names, other), (other, names)):
                alarm = template.replace("${Project}", own.project)
                alarm = alarm.replace("${ResourceName}", own.release("production", "1a2b3c4d"))
                assert own.is_own_alarm(alarm) and not stranger.is_own_alarm(alarm), alarm


@pytest.mark.parametrize("section", sections())
def test_a_section_names_the_alarm_and_has_commands(section: str) -> None:
    text = sections()[section]
    names = [
        properties["AlarmName"]["Fn::Sub"]
        for name in ALL
        for properties in resources(name, "AWS::CloudWatch::Alarm").values()
        if str(properties["AlarmDescription"]).rstrip("'}").endswith(f"- {section}")
    ]
    assert names
    for name in names:
        shown = name.replace("${ResourceName}", "RELEASE").replace("${Project}", "PROJECT")
        assert f"`{shown}`" in text
    assert "```sh\nmlops " in text


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_a_command_is_one_of_the_command_line(command: str) -> None:
    program, *words = shlex.split(command)
    {"mlops": parse_mlops, "aws": parse_aws, "gh": parse_gh}[program](words)


def test_links_lead_to_headings() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", DOCUMENT, re.MULTILINE)
    }
    links = re.findall(r"\]\(#([^)]*)\)", DOCUMENT)
    assert links and set(links) <= headings


def test_the_readme_links_the_document() -> None:
    assert "(docs/operations.md)" in (TEMPLATE / "{{cookiecutter.project}}" / "README.md").read_text(encoding="utf-8")


def parse_mlops(words: list[str]) -> None:
    """Parse a command of mlops without running it."""
    context = click.Context(main)
    name, command, arguments = main.resolve_command(context, words)
    assert command is not None
    command.make_context(name, list(arguments), parent=context)


def parse_aws(words: list[str]) -> None:
    """Look service, operation and options up in botocore's models."""
    service, operation, *rest = words
    session = botocore.session.get_session()
    model = session.get_service_model({"s3api": "s3"}.get(service, service))
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations, f"{service} has no {operation}"
    shape = model.operation_model(operations[operation]).input_shape
    assert shape is not None
    options = {word.removeprefix("--") for word in rest if word.startswith("--")}
    members = {xform_name(name, "-"): name for name in shape.members}
    assert options <= members.keys(), f"{service} {operation} takes no {options - members.keys()}"
    missing = {xform_name(name, "-") for name in shape.required_members} - options
    assert not missing, f"{service} {operation} needs {missing}"


def parse_gh(words: list[str]) -> None:
    command, arguments = (words[0], words[1]), words[2:]
    assert len(arguments) == GH[command]
    for workflow in arguments:
        assert (GENERATED / ".github" / "workflows" / f"{workflow}.yml").is_file()
