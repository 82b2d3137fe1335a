"""`mlops destroy` checks the credentials and the project's name before it deletes anything."""

from pathlib import Path

from mlops.aws.session import Session


def test_credentials_are_checked_before_the_confirmation(repository: Path, mlops):
    result = mlops("destroy")
    assert result.exit_code == 2
    assert "No AWS credentials found." in result.output
    assert "Type the project's name" not in result.output


def test_a_wrong_project_name_deletes_nothing(session: Session, mlops):
    result = mlops("destroy", input="another\n")
    assert result.exit_code == 2
    assert "Type the project's name" in result.output
    assert "Nothing was deleted." in result.output
    assert "Deleting" not in result.output


def test_without_a_terminal_the_option_is_named(session: Session, mlops, repository: Path):
    result = mlops("destroy", input="")
    assert result.exit_code == 2
    assert "Nothing was typed, and nothing was deleted. Without a terminal, add --confirm " in result.output


def test_destroy_succeeds_where_nothing_is_deployed(session: Session, mlops, repository: Path):
    name = repository.joinpath("configuration", "project.json").read_text().split('"project": "')[1].split('"')[0]
    result = mlops("destroy", "--confirm", name)
    assert result.exit_code == 0, result.output
    assert f"the account has nothing of {name}" in result.output
    assert f"{name} is deleted, except what the plan keeps." in result.output
