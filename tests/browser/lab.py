"""A real JupyterLab for browser tests: its server, a notebook in a page, a kernel that several notebooks may share."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

TOKEN = "only-for-tests"
START, RUN, REPLY = 180.0, 240.0, 60.0  # seconds; the machine may be busy with other things

# what JupyterLab would ask the world for: news, updates, its extension manager
QUIET = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # a cell that is not on screen is drawn too, so that a test can find it
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
OPTIONS = (
    "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
    "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly", "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--ServerApp.terminals_enabled=False",
)  # fmt: skip


class Server:
    """``jupyter lab`` on a port of its own, with folders of its own. ``with Server(folder, cache) as server``.

    cache: tasnb's.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.cache = folder, cache
        self.url = ""
        self.shared: str | None = None

    def __enter__(self) -> Server:
        kinds = ("config", "data", "runtime", "settings", "workspaces", "ipython", "home", "work")
        places = {kind: self.folder / kind for kind in kinds}
        for place in places.values():
            place.mkdir(parents=True)
        for name, values in QUIET.items():
            path = places["settings"] / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(values))
        variables = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython", "HOME": "home",
        }  # fmt: skip
        env = {**os.environ, **{name: str(places[kind]) for name, kind in variables.items()}}
        env |= {"TASNB_CACHE": str(self.cache), "HF_HUB_OFFLINE": "1"}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = [
            f"--ServerApp.port={port}",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={places['work']}",
        ]
        with (self.folder / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *OPTIONS, *options],
                env=env, stdout=log, stderr=log, cwd=places["work"],
            )  # fmt: skip
        started = time.monotonic()
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - started > START:
                self.__exit__()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log[-3000:]}")
            time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def ask(self, path: str, body: Any = None) -> Any:
        """One call of the server's REST interface: GET, or POST with a body."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}", headers={"Authorization": f"token {TOKEN}"},
            data=None if body is None else json.dumps(body).encode(), method="GET" if body is None else "POST",
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=REPLY) as reply:
            return json.loads(reply.read())

    def write(self, cells: Sequence[str], name: str) -> None:
        """A notebook of code cells, named ``name``.ipynb."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / "work" / f"{name}.ipynb")

    def share_kernel(self, name: str) -> None:
        """Let the notebook use the session's one kernel, where the models are loaded once."""
        if self.shared is None:
            self.shared = self.ask("kernels", {"name": "python3"})["id"]
        path = f"{name}.ipynb"
        self.ask("sessions", {"path": path, "name": path, "type": "notebook", "kernel": {"id": self.shared}})

    def _answers(self) -> bool:
        try:
            self.ask("status")
        except OSError:
            return False
        return True


@dataclass
class Notebook:
    """A notebook open in a page. ``problems`` collects console errors and requests that would leave the machine."""

    page: Any
    problems: list[str]
    folder: Path

    def run_all(self) -> None:
        """Run every cell and wait; a cell that raises fails the test with its message."""
        self.command("notebook:run-all-cells", seconds=RUN)
        told = self.page.evaluate(
            """window.jupyterapp.shell.currentWidget.model.sharedModel.toJSON().cells.flatMap(c => c.outputs ?? [])
                 .filter(o => o.output_type === "error").map(o => `${o.ename}: ${o.evalue}`)"""
        )
        assert told == []

    def python(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells, and give what it printed."""
        self.start(code)
        self.page.wait_for_function("window.reply !== null", timeout=RUN * 1000)
        reply = self.page.evaluate("window.reply")
        assert reply["status"] == "ok", f"{reply.get('ename')}: {reply.get('evalue')}"
        return str(self.page.evaluate("window.printed.join('')"))

    def start(self, code: str) -> None:
        """Run code in the kernel and do not wait for it: the kernel is busy from now on."""
        self.page.evaluate(
            """code => { window.reply = null; window.printed = [];
                 const { kernel } = window.jupyterapp.shell.currentWidget.context.sessionContext.session;
                 const future = kernel.requestExecute({ code });
                 future.onIOPub = m => { if (m.header.msg_type === "stream") window.printed.push(m.content.text) };
                 future.done.then(m => { window.reply = m.content }) }""",
            code,
        )

    @contextmanager
    def busy(self) -> Iterator[None]:
        """The kernel is busy inside the block."""
        flag = self.folder / "free-again"
        flag.unlink(missing_ok=True)
        self.start(f"import pathlib, time\nwhile not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.05)")
        try:
            yield
            assert self.page.evaluate("window.reply") is None, "the kernel was busy to the end"
        finally:
            flag.touch()
            self.page.wait_for_function("window.reply !== null", timeout=REPLY * 1000)

    def command(self, name: str, arguments: dict[str, Any] | None = None, *, seconds: float = REPLY) -> None:
        """A command of JupyterLab, waited for."""
        self.page.evaluate(
            """([name, given]) => { window.done = null;
                 window.jupyterapp.commands.execute(name, given).then(() => { window.done = "" },
                                                                      e => { window.done = String(e) }) }""",
            [name, arguments or {}],
        )
        self.page.wait_for_function("window.done !== null", timeout=seconds * 1000)
        problem = self.page.evaluate("window.done")
        assert problem == "", f"{name}: {problem}"

    def theme(self, name: str) -> None:
        """ "light" or "dark": JupyterLab's own themes."""
        self.command("apputils:change-theme", {"theme": f"JupyterLab {name.title()}"})
        light = "true" if name == "light" else "false"
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'", timeout=REPLY * 1000)

    def save(self) -> None:
        self.command("docmanager:save")

    def kill_kernel(self) -> None:
        """Shut the notebook's kernel down; the page stays open."""
        self.page.evaluate(
            """async () => { const { sessionContext } = window.jupyterapp.shell.currentWidget.context;
                             await sessionContext.shutdown() }"""
        )
        self.page.wait_for_function(
            "!window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel", timeout=REPLY * 1000
        )

    def restart_kernel(self) -> None:
        """Restart the kernel; the widgets on screen keep talking to the one that is gone."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel?.status === 'idle'",
            timeout=START * 1000,
        )


@dataclass
class Lab:
    """Opens notebooks in pages of their own: ``notebook = lab.open(["import tasnb as tn", ...])``."""

    server: Server
    new_context: Any  # (colour scheme) -> a guarded browser context and its list of problems
    contexts: list[Any] = field(default_factory=list)
    opened: list[Notebook] = field(default_factory=list)
    name: str = "notebook"

    def open(
        self, cells: Sequence[str] | None, *, name: str = "", theme: str = "light", kernel: str = "shared"
    ) -> Notebook:
        """cells None: the notebook ``name`` as it was saved. kernel: "shared", "own", or "none": none is started."""
        name = name or f"{self.name}-{len(self.opened)}"
        if cells is not None:
            self.server.write(cells, name)
        if kernel == "shared":
            self.server.share_kernel(name)
        context, problems = self.new_context(theme)
        self.contexts.append(context)
        page = context.new_page()
        notebook = Notebook(page, problems, self.server.folder)
        self.opened.append(notebook)
        if kernel == "none":  # as on a machine without a kernel: the page asks and gets none
            path = f"{self.server.url}/lab?token={TOKEN}&reset"
        else:
            path = f"{self.server.url}/lab/tree/{name}.ipynb?token={TOKEN}&reset"
        page.goto(path, timeout=START * 1000)
        page.wait_for_function("window.jupyterapp !== undefined", timeout=START * 1000)
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        if kernel == "none":
            notebook.command(
                "docmanager:open",
                {"path": f"{name}.ipynb", "factory": "Notebook", "kernelPreference": {"shouldStart": False}},
            )
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START * 1000)
        if kernel != "none":
            page.wait_for_function(
                "window.jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'",
                timeout=START * 1000,
            )
        if theme != "light":
            notebook.theme(theme)
        return notebook

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    @property
    def problems(self) -> list[str]:
        return [problem for notebook in self.opened for problem in notebook.problems]
