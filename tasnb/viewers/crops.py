"""``crops_view``: one proposal as every model sees it.

tn.viewers.crops_view(sample, artifacts, models, index=3)
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.types import ImageArtifacts, Models
from tasnb.pipeline.variant import Variant, find
from tasnb.plots import model_inputs as sights
from tasnb.viewers import assets, record, thumbs
from tasnb.viewers.viewer import Viewer

SHOWN = 360  # pixels of a picture's longer side; what is larger is shrunk for display


class CropsViewer(Viewer):
    """What ``crops_view`` returns. Setting ``index`` shows another mask; None where there is no proposal."""

    _esm = assets.module("crops_view")
    kind: ClassVar[str] = "view of the crops"
    module: ClassVar[str] = "crops_view"

    scene = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    index = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self, image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int | None, variant: Variant
    ) -> None:
        self._image_rgb, self._artifacts, self._models, self._variant = image_rgb, artifacts, models, variant
        if index is not None:
            sights.caption_of(artifacts, index, variant=variant)  # a wrong number or style is an error of the call
        super().__init__(
            scene=record.scene_record(image_rgb, artifacts, None, models.name), index=index, shown=self._record(index)
        )
        self.observe(self._show, names="index")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

    @property
    def sights(self) -> tuple[sights.Sight, ...]:
        """The pictures on screen: name, pixels and words of each; none without a proposal."""
        if self.index is None:
            return ()
        return sights.sights(self._image_rgb, self._artifacts, self._models, self.index, variant=self._variant)

    def picture(self) -> np.ndarray:
        """The proposal in the photo and as every model sees it: uint8 (h, w, 3)."""
        if self.index is None:
            panel = plots.Panel(title="the photo", pixels=self._image_rgb)
            return plots.sheet("No proposal was found", [panel])
        return plots.crops(self._image_rgb, self._artifacts, self._models, self.index, variant=self._variant)

    def words(self) -> str:
        """What is on screen, in a sentence."""
        if self.index is None:
            return "No proposal was found in this image, so there is nothing to cut out."
        names = ", ".join(sight.name for sight in self.sights)
        return f"Mask {self.index} of {len(self._artifacts.proposals)}: {names}; its caption: “{self._caption()}”."

    @traitlets.validate("index")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        index, count = proposal["value"], len(self._artifacts.proposals)
        if (index is None) != (count == 0) or (index is not None and not 0 <= index < count):
            raise traitlets.TraitError(f"index: expected a mask number from 0 to {count - 1}, got {index}")
        return index

    def _caption(self) -> str:
        assert self.index is not None
        return sights.caption_of(self._artifacts, self.index, variant=self._variant)

    def _show(self, change: Any) -> None:
        self.shown = self._record(change["new"])

    def _record(self, index: int | None) -> dict[str, Any]:
        if index is None:
            return {"index": None, "pictures": [], "caption": "", "problem": ""}
        try:
            seen = sights.sights(self._image_rgb, self._artifacts, self._models, index, variant=self._variant)
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception as error:  # the reader of the widget must see it: a kernel's log is not read
            return {"index": index, "pictures": [], "caption": "", "problem": str(error) or type(error).__name__}
        return {
            "index": index,
            "pictures": [
                {"name": s.name, "words": s.words, "enlarged": s.enlarged, "uri": thumbs.uri(s.pixels, SHOWN),
                 "alt": f"Mask {index}, {s.name}. {s.words}"}
                for s in seen
            ],
            "caption": sights.caption_of(self._artifacts, index, variant=self._variant),
            "problem": "",
        }  # fmt: skip


def crops_view(
    sample_or_image: Any,
    artifacts: ImageArtifacts,
    models: Models,
    index: int | None = None,
    *,
    variant: str | Variant = "paper",
) -> CropsViewer:
    """One proposal as every model sees it: cut out on black, as the encoder's real input, blurred around, captioned.

    sample_or_image: a Sample, or whatever ``tn.as_rgb`` takes. index: the proposal's number, the first by default.
    variant: whose crop styles. The encoder's input has its own size (224 pixels for CLIP, 64 for the toy one); an
    encoder that does not show its preprocessing has none. Raises ValueError when image and artifacts differ in size or
    the artifacts lack the variant's captions, IndexError for a number that no proposal has.
    """
    image_rgb = thumbs.image_of(sample_or_image, artifacts)
    if image_rgb is None:
        raise ValueError("crops_view needs the picture: crops_view(sample, artifacts, models)")
    count = len(artifacts.proposals)
    if index is not None and not 0 <= index < count:
        raise IndexError(f"index: expected a mask number from 0 to {count - 1}, got {index}")
    first = index if index is not None else (0 if count else None)
    return CropsViewer(image_rgb, artifacts, models, first, find(variant))
