"""One kernel and one store for all notebooks of a session: vendors are imported once, an image is described once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from tests.notebooks.pairs import FOLDER

OFFLINE = Path(__file__).parent / "offline"
CELL_SECONDS = 600  # for a machine with other work; the lessons' own limit is measured, not asserted


class Kernel:
    """A kernel that runs one notebook after another, each in an empty name space, without a network."""

    def __init__(self, cache: Path) -> None:
        paths = [str(OFFLINE), os.environ.get("PYTHONPATH", "")]
        self.env = {
            **os.environ, "TASNB_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(p for p in paths if p),
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        self.client: NotebookClient | None = None
        self.stack = ExitStack()

    def run(self, notebook: nbformat.NotebookNode, folder: Path = FOLDER) -> nbformat.NotebookNode:
        """A copy with the outputs of every cell; a cell that fails does not stop the next one, as in a classroom.

        folder: where it runs, which for Jupyter is where the notebook lies.
        """
        made = deepcopy(notebook)
        client = self._started()
        client.nb = made
        client.reset_execution_trackers()
        try:
            start = f"%reset -f\n__import__('os').chdir({str(folder)!r})"
            client.execute_cell(nbformat.v4.new_code_cell(start), 0, store_history=False)
            client.nb = made = deepcopy(notebook)  # these lines stood in for the first cell
            for index, cell in enumerate(made.cells):
                client.execute_cell(cell, index)
        except DeadKernelError:
            self.close()  # the next notebook gets a kernel of its own
            raise
        return made

    def close(self) -> None:
        self.client = None
        self.stack.close()

    def _started(self) -> NotebookClient:
        if self.client is None:
            self.client = NotebookClient(
                nbformat.v4.new_notebook(), timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS, allow_errors=True,
                kernel_name="python3",
            )  # fmt: skip
            self.stack.enter_context(self.client.setup_kernel(cwd=str(FOLDER), env=self.env))
        return self.client


@pytest.fixture(scope="session")
def kernel(warm_cache: Path) -> Iterator[Kernel]:
    kernel = Kernel(warm_cache)
    yield kernel
    kernel.close()


def errors_of(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]
