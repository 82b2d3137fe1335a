"""Executes a notebook as a person does: cell after cell, and buttons are pressed when they appear.

Runs in the environment of the notebook: python pressing.py NOTEBOOK EXECUTED SECONDS BUTTON…
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


class Reader(NotebookClient):
    """Presses one button of `presses` after each cell that shows the last one of its name."""

    presses: list[str] = []

    def press(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Send the message of a click to the button, as a browser does."""
        views = [
            output["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
            for output in cell.get("outputs", [])
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {})
        ]
        if not views:
            return
        label = self.presses.pop(0)
        shown = [model for view in views for model in self.inside(view)]
        [button] = [model for model in shown if self.widget_state[model].get("description") == label]
        content = {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}}
        self.kc.shell_channel.send(self.kc.session.msg("comm_msg", content))

    def inside(self, model: str) -> list[str]:
        """The widget and all widgets inside of it."""
        children = self.widget_state[model].get("children", [])
        return [model, *(each for child in children for each in self.inside(child.removeprefix("IPY_MODEL_")))]


def main(notebook: str, executed: str, seconds: str, *buttons: str) -> None:
    page = nbformat.read(notebook, as_version=4)
    folder = {"metadata": {"path": str(Path(notebook).parent)}}
    reader = Reader(page, timeout=int(seconds), kernel_name="python3", startup_timeout=int(seconds), resources=folder)
    reader.presses = list(buttons)
    reader.on_cell_executed = lambda cell, cell_index, execute_reply: reader.press(cell, cell_index)
    try:
        reader.execute()
    finally:
        reader.set_widgets_metadata()
        nbformat.write(page, executed)
    if reader.presses:
        sys.exit(f"No widget has asked for {', '.join(reader.presses)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
