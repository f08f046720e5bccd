"""A viewer alone in a page on disk, without a kernel or on a wire to one; and what axe-core says of it.

Only style sheets ask for the colour scheme (tests/viewers/test_viewer.py), and axe-core reads what they say: a page is
opened and used once, in the light scheme, and looked at in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tasnb.viewers import assets
from tasnb.viewers.viewer import Viewer


def show(page: Any, viewer: Viewer, folder: Path) -> Any:
    """Open the viewer's snapshot as a frozen page does and give its frame."""
    body = assets.fragment(viewer.module, viewer.snapshot(), key="viewer")
    path = _write(folder, viewer.module, body, assets.runner(viewer.module))
    page.goto(path.as_uri())
    frame = page.locator(".tn-viewer")
    frame.wait_for()
    assert not frame.locator(".tn-problem").is_visible()
    return frame


def _write(folder: Path, name: str, body: str, script: str) -> Path:
    """A page with a viewer's place, its data and its style, and the script that brings it to life."""
    path = folder / f"{name}.html"
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{assets.style()}</style></head><body><main><h1>{name}</h1>{body}</main>"
        f'<script type="module">{script}</script></body></html>',
        encoding="utf-8",
    )
    return path


# what the notebook program gives a widget; it holds what is told until a test takes it
MODEL = """
const root = document.getElementById("viewer");
const values = JSON.parse(root.nextElementSibling.textContent);
const [heard, told] = [{}, {}];
window.model = {
  values, sent: [],
  get: (key) => values[key],
  set: (key, value) => { values[key] = told[key] = value; },
  save_changes: () => { model.sent.push({ ...told }); for (const key of Object.keys(told)) delete told[key]; },
  on: (name, act) => { (heard[name] ??= []).push(act); },
  off: (name, act) => { heard[name] = (heard[name] ?? []).filter((each) => each !== act); },
  tell: (changes) => {
    Object.assign(values, changes);
    for (const key of Object.keys(changes)) (heard[`change:${key}`] ?? []).forEach((act) => act());
  },
  widget_manager: {
    get_model: async (id) => id,
    create_view: async () => ({ el: document.createElement("div"), remove() {} }),
  },
};
root.textContent = "";
mount(root, values, model);
"""


class Wired:
    """A viewer in a page whose messages to its Python object lie on the wire until ``deliver``.

    Not to deliver them is what a kernel does that is busy, or that was restarted where nobody says so.
    """

    def __init__(self, page: Any, viewer: Viewer, folder: Path) -> None:
        self.page, self.viewer = page, viewer
        body = assets.fragment(viewer.module, self._state(), key="viewer")
        path = _write(folder, viewer.module, body, assets.module(viewer.module) + MODEL)
        page.goto(path.as_uri())
        self.frame = page.locator(".tn-viewer")
        self.frame.wait_for()
        self.waiting = self.frame.locator(".tn-waiting")

    def deliver(self) -> list[dict[str, Any]]:
        """Let Python hear what was told, and the page what Python made of it; gives what was told."""
        told: list[dict[str, Any]] = []
        while sent := self.page.evaluate("model.sent.splice(0)"):
            for changes in sent:
                self.viewer.set_state(changes)
            told += sent
            self.update()
        return told

    def update(self) -> None:
        """Tell the page what is new in Python."""
        known = self.page.evaluate("model.values")
        self.page.evaluate("c => model.tell(c)", {k: v for k, v in self._state().items() if known.get(k) != v})

    def _state(self) -> dict[str, Any]:
        values = {**self.viewer.snapshot(), "said": 0, "heard": {}}
        return {name: getattr(self.viewer, name, value) for name, value in values.items()}


def in_both_schemes(page: Any) -> Iterator[str]:
    """Give the page the dark and then the light colour scheme. JupyterLab's theme outranks them: there it stays one."""
    if page.evaluate("'jpThemeLight' in document.body.dataset"):
        yield "its theme"
        return
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        yield scheme


def violations(page: Any, context: str | None = None) -> list[tuple[str, str]]:
    """What axe-core finds in each scheme: its impact, and a line about it."""
    return [
        (v["impact"], f"{scheme}: {v['id']}: {v['nodes'][0]['html'][:200]}")
        for scheme in in_both_schemes(page)
        for v in Axe().run(page, context=context).response["violations"]
    ]


def serious(page: Any, context: str | None = ".tn-viewer") -> list[str]:
    """What axe-core calls serious or critical, one line each."""
    return [line for impact, line in violations(page, context) if impact in ("serious", "critical")]


def has_a_visible_focus(page: Any) -> bool:
    """Whether the focused element has an outline or a ring."""
    return bool(
        page.evaluate(
            """() => { const style = getComputedStyle(document.activeElement);
                       return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 }"""
        )
    )
