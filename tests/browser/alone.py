"""A viewer alone in a page on disk, without a kernel; and what axe-core says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tasnb.viewers import assets
from tasnb.viewers.viewer import Viewer


def show(page: Any, viewer: Viewer, folder: Path) -> Any:
    """Open the viewer's snapshot as a frozen page does and give its frame."""
    body = assets.fragment(viewer.module, viewer.snapshot(), key="viewer")
    path = folder / f"{viewer.module}.html"
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{viewer.module}</title></head>'
        f"<body><main><h1>{viewer.module}</h1>{body}</main></body></html>",
        encoding="utf-8",
    )
    page.goto(path.as_uri())
    frame = page.locator(".tn-viewer")
    frame.wait_for()
    assert not frame.locator(".tn-problem").is_visible()
    return frame


def serious(page: Any, context: str = ".tn-viewer") -> list[str]:
    """What axe-core calls serious or critical, one line each."""
    found = Axe().run(page, context=context).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")]


def has_a_visible_focus(page: Any) -> bool:
    """Whether the focused element has an outline or a ring."""
    return bool(
        page.evaluate(
            """() => { const style = getComputedStyle(document.activeElement);
                       return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 }"""
        )
    )
