"""What every viewer shares: the widget beside its static twin, and how its arguments are read.

JupyterLab shows "model not found" for a widget whose kernel is gone, whatever else its output holds. So a viewer gives
two outputs: the widget, and a picture with words. The picture's style sheet hides it while the widget lives, and hides
the widget's place when it does not.

One argument order: ``(sample or image, artifacts, expression, models, ...)``. A viewer takes of these what it shows.
The expression may be None where a Sample comes first: then it is the Sample's own.
"""

from __future__ import annotations

import base64
from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets

from tasnb.core.errors import UserError
from tasnb.core.images import as_rgb, png_bytes
from tasnb.core.types import ImageArtifacts, Sample, require_described
from tasnb.viewers import assets

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SNAPSHOT = "application/vnd.tasnb.viewer+json"  # no notebook program shows it; ``tasnb freeze`` does
_ANYWIDGET = {"_esm", "_css", "_anywidget_id"}  # anywidget adds them to each instance


class _AbstractWidget(ABCMeta, type(anywidget.AnyWidget)):  # type: ignore[misc]
    """traitlets has a metaclass of its own; with both, a viewer that lacks its picture or words cannot be made."""


class Viewer(anywidget.AnyWidget, metaclass=_AbstractWidget):
    """A widget that also is a picture; a subclass says which picture, and its words.

    Parameters
    ----------
    *args, **kwargs : Any
        The values of its traits, as ``anywidget.AnyWidget`` takes them.

    Notes
    -----
    ``class Explorer(Viewer, module="explore", kind="explorer")``: ``module`` names ``static/<module>.js``, which works
    without a kernel when it exports ``mount(root, data, null)``; ``kind`` is the viewer in plain words, for a sentence.
    """

    said = traitlets.Int(0).tag(sync=True)  # how often the browser has told something
    heard = traitlets.Dict({"number": 0, "problem": ""}).tag(sync=True)  # the last ``said`` that was dealt with

    _css = assets.style()
    _esm: Any = ""
    kind: ClassVar[str] = "viewer"
    module: ClassVar[str] = ""

    def __init_subclass__(cls, *, module: str = "", kind: str = "viewer", **options: Any) -> None:
        if module:
            cls.module, cls.kind, cls._esm = module, kind, assets.module(module)
        super().__init_subclass__(**options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

    @abstractmethod
    def picture(self) -> np.ndarray:
        """The static twin.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            What the viewer shows now, RGB.
        """

    @abstractmethod
    def words(self) -> str:
        """The static twin's alternative text.

        Returns
        -------
        str
            What the picture shows, in a sentence or two.
        """

    def snapshot(self) -> dict[str, Any]:
        """What ``mount`` needs to run the viewer without a kernel.

        Returns
        -------
        dict
            The synced values as they are now, by name; JSON can hold them.
        """
        inherited = set(Viewer.class_trait_names())
        return {name: getattr(self, name) for name in self.trait_names(sync=True) if name not in inherited | _ANYWIDGET}

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser tells, and tell it when all of it is done: it waits for that.

        Parameters
        ----------
        sync_data : dict
            The new values, by name.
        """
        problem = ""
        try:
            super().set_state(sync_data)
        except Exception as error:  # a kernel's log is not read: without this the reader would wait for ever
            if "said" not in sync_data:
                raise
            problem = f"This did not work: {problem_of(error)}"
        if "said" in sync_data:
            self.heard = {"number": sync_data["said"], "problem": problem}

    def twin(self) -> dict[str, Any]:
        """The static twin as MIME bundle.

        Returns
        -------
        dict
            text/plain, text/html with the picture, and the snapshot for a frozen page; every picture once, as the
            notebook keeps all of it.
        """
        words, data = self.words(), base64.b64encode(png_bytes(self.picture())).decode("ascii")
        page = str(assets.render("twin", words=words, png=data, kind=self.kind))
        bundle: dict[str, Any] = {"text/plain": words, "text/html": page}
        if self.module:
            values, pool = assets.pooled(self.snapshot())
            bundle[SNAPSHOT] = {"viewer": self.module, "data": values, "pool": pool}
        return bundle

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


def image_of(sample_or_image: Any, artifacts: ImageArtifacts) -> np.ndarray:
    """The picture of a Sample, or whatever ``tn.as_rgb`` takes, in the pixels of the proposals: uint8 (h, w, 3).

    Raises ValueError for what is no picture, and when its size is not that of the artifacts.
    """
    require_described(artifacts, "a viewer")
    return artifacts.at_working_size(picture_of(sample_or_image))


def picture_of(sample_or_image: Any) -> np.ndarray:
    """The picture of a Sample, or whatever ``tn.as_rgb`` takes, at its own size: uint8 (h, w, 3)."""
    return sample_or_image.image if isinstance(sample_or_image, Sample) else as_rgb(sample_or_image)


def expression_of(sample_or_image: Any, expression: str | None) -> str:
    """The expression that was given, or the Sample's own. Raises ValueError for an image without one."""
    if expression is not None:
        return expression
    if isinstance(sample_or_image, Sample):
        return sample_or_image.expression
    raise UserError('an image needs an expression, such as "the left cat"; only a Sample brings its own')


def ground(size_hw: tuple[int, int]) -> np.ndarray:
    """A plain gray picture, where the photo is not at hand: uint8 (h, w, 3)."""
    return np.full((*size_hw, 3), 200, np.uint8)


def masks_to_choose(count: int) -> str:
    """The choice among so many masks, for an error's sentence."""
    return f"a mask number from 0 to {count - 1}" if count else "no mask, as none was found"


def mask_number(proposal: dict[str, Any], count: int) -> int | None:
    """The value that a trait is to take, where it numbers one of the masks or is None; for ``traitlets.validate``."""
    index = proposal["value"]
    if index is not None and not 0 <= index < count:
        raise traitlets.TraitError(f"{proposal['trait'].name}: expected {masks_to_choose(count)}, or None, got {index}")
    return index


def problem_of(error: Exception) -> str:
    """An error in words: the reader of a widget must see it there, as a kernel's log is not read."""
    return str(error) or type(error).__name__
