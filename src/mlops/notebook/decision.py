"""Buttons for what a person decides: a release, and the deletion of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mlops import release
from mlops.errors import InputError
from mlops.notebook.html import Shown, table, verdict
from mlops.notebook.live import follow
from mlops.release import Repository
from mlops.release.destruction_plan import DestructionPlan


class _Buttons(widgets.VBox):
    """Buttons of which one can be pressed once, and what pressing it shows."""

    def __init__(self, *above: widgets.Widget) -> None:
        self._buttons = widgets.HBox()
        # JupyterLab replaces no output inside of an Output widget, so what happens is drawn as the text of this one.
        self._shown = widgets.HTML()
        super().__init__([*above, self._buttons, self._shown])

    def offer(self, label: str, style: str, work: Callable[[], None]) -> None:
        button = widgets.Button(description=label, button_style=style)
        button.on_click(lambda _: self._do(work))
        self._buttons.children = (*self._buttons.children, button)

    def show(self, shown: Shown) -> None:
        """Draw this below the buttons."""
        self._shown.value = shown._repr_html_()

    def _do(self, work: Callable[[], None]) -> None:
        self._enable(False)
        try:
            work()
        except Exception as error:
            # The press of a button has no cell that could fail. It can be pressed again.
            self._enable(True)
            self.show(verdict("bad", "!", type(error).__name__, str(error)))

    def _enable(self, enabled: bool) -> None:
        for button in self._buttons.children:
            button.disabled = not enabled


class Approval(_Buttons):
    """Approves or rejects a release that waits, with the comment of its text field."""

    def __init__(self, repository: Repository, execution: str) -> None:
        self._repository, self._execution = repository, execution
        self._comment = widgets.Text(placeholder="why", description="Comment")
        self._decided = ""
        super().__init__(self._comment)
        self.offer("Approve", "success", lambda: self._decide(release.approve))
        self.offer("Reject", "danger", lambda: self._decide(release.reject))

    @property
    def execution(self) -> str:
        """The release that is decided. InputError before a button is pressed."""
        if not self._decided:
            raise InputError("Press Approve or Reject above, then run this cell and those below it.")
        return self._decided

    def _decide(self, answer: Callable[..., Any]) -> None:
        self._decided = follow(answer(self._repository, self._execution, comment=self._comment.value), self.show)


class Deletion(_Buttons):
    """Deletes what the plan of a destruction names."""

    def __init__(self, repository: Repository, plan: DestructionPlan) -> None:
        rows = [("stack", f"{each.name}, {len(each.resources)} resources") for each in plan.stacks]
        rows += [(each.kind, each.name) for each in plan.contents]
        rows += [("kept", f"{each.name}: {each.reason}") for each in plan.kept]
        super().__init__(widgets.HTML(table(("", "Deleted, or kept"), rows)._repr_html_()))
        self.is_done = False
        self._repository, self._plan = repository, plan
        self.offer("Delete all of it", "danger", self._delete)

    def _delete(self) -> None:
        follow(release.destroy(self._repository, self._plan), self.show)
        self.is_done = True
