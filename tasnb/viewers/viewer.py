"""What every viewer shares: the widget beside its static twin.

JupyterLab shows "model not found" for a widget whose kernel is gone, whatever else its output holds. So a viewer gives
two outputs: the widget, and a picture with words. The picture's style sheet hides it while the widget lives, and hides
the widget's place when it does not.
"""

from __future__ import annotations

import base64
from abc import ABCMeta, abstractmethod
from html import escape
from typing import Any, ClassVar

import anywidget
import numpy as np

from tasnb.core.images import png_bytes
from tasnb.viewers import assets

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SNAPSHOT = "application/vnd.tasnb.viewer+json"  # no notebook program shows it; ``tasnb freeze`` does
_ANYWIDGET = {"_esm", "_css", "_anywidget_id"}  # anywidget adds them to each instance
_TWIN_STYLE = """
.jp-OutputArea-child:has(.tn-viewer)+.jp-OutputArea-child:has(.tn-twin){display:none}
.jp-OutputArea-child:not(:has(.tn-viewer)):has(+.jp-OutputArea-child .tn-twin){display:none}
.tn-twin img{max-width:100%;height:auto}
"""


class _AbstractWidget(ABCMeta, type(anywidget.AnyWidget)):  # type: ignore[misc]
    """traitlets has a metaclass of its own; with both, a viewer that lacks its picture or words cannot be made."""


class Viewer(anywidget.AnyWidget, metaclass=_AbstractWidget):
    """A widget that also is a picture. A subclass says which picture, and its words."""

    _css = assets.style()
    _esm: Any = ""
    kind: ClassVar[str] = "viewer"  # in plain words, for a sentence
    module: ClassVar[str] = ""  # static/<module>.js; it works without a kernel when it exports mount(root, data, null)

    @abstractmethod
    def picture(self) -> np.ndarray:
        """The static twin: uint8 (h, w, 3)."""

    @abstractmethod
    def words(self) -> str:
        """The static twin's alternative text: what the picture shows, in a sentence or two."""

    def snapshot(self) -> dict[str, Any]:
        """What ``mount`` needs to run the viewer without a kernel: its synced values as they are now."""
        inherited = set(anywidget.AnyWidget.class_trait_names())
        return {name: getattr(self, name) for name in self.trait_names(sync=True) if name not in inherited | _ANYWIDGET}

    def twin(self) -> dict[str, Any]:
        """The static twin as MIME bundle: text/plain, text/html, image/png, and the snapshot for a frozen page."""
        words, data = self.words(), base64.b64encode(png_bytes(self.picture())).decode("ascii")
        page = (
            f'<div class="tn-twin"><style>{_TWIN_STYLE}</style>'
            f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'
            f"<p>{escape(words)} <em>A picture of the {escape(self.kind)}: run the cell again to use it.</em></p></div>"
        )
        bundle = {"text/plain": words, "text/html": page, "image/png": data}
        return {**bundle, SNAPSHOT: {"viewer": self.module, "data": self.snapshot()}} if self.module else bundle

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        found = super()._repr_mimebundle_(**kwargs)
        if found is None:
            return None
        data, metadata = found
        return {**self.twin(), **data, "text/plain": self.words()}, metadata

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        data, metadata = self._repr_mimebundle_() or ({}, {})
        live = {kind: value for kind, value in data.items() if kind in (WIDGET_VIEW, "text/plain")}
        publish_display_data(live, metadata)
        publish_display_data({kind: value for kind, value in data.items() if kind != WIDGET_VIEW})
