"""``crops_view``: one proposal as every model sees it.

tn.viewers.crops_view(sample, artifacts, models, index=3)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.types import ImageArtifacts, Models
from tasnb.pipeline.variant import Variant, find, require_made_for
from tasnb.plots.model_inputs import ModelInput, caption_of, inputs_of
from tasnb.viewers.record import scene_record, uri
from tasnb.viewers.viewer import Viewer, image_of, mask_number, problem_of

SHOWN = 360  # pixels of a picture's longer side; what is larger is shrunk for display
KEPT_SHOWN, KEPT = 240, 1_000_000  # the same for the other masks of a frozen page; how many characters they may take


class CropsViewer(Viewer, module="crops_view", kind="view of the crops"):
    """What ``crops_view`` returns.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The picture.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    models : Models
        The models that see the proposal.
    index : int or None
        The first mask shown; None where there is no proposal.
    variant : Variant
        Whose crop styles.

    Attributes
    ----------
    index : int or None
        The mask on screen; setting it shows another one. None where there is no proposal.
    """

    scene = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    index = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self, image_rgb: np.ndarray, artifacts: ImageArtifacts, models: Models, index: int | None, variant: Variant
    ) -> None:
        self._image_rgb, self._artifacts, self._models, self._variant = image_rgb, artifacts, models, variant
        self._seen: tuple[int, tuple[ModelInput, ...]] | None = None
        if index is not None:
            self._caption(index)  # a wrong number or style is an error of the call
        scene = scene_record(image_rgb, artifacts, None, models.name)
        super().__init__(scene=scene, index=index, shown=self._record(index))
        self.observe(self._show, names="index")

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """The pictures on screen: name, pixels and words of each; none without a proposal."""
        return () if self.index is None else self._inputs(self.index)

    def picture(self) -> np.ndarray:
        """The proposal in the photo and as every model sees it.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.crops`` draws it.
        """
        if self.index is None:
            panel = plots.Panel(title="the photo", pixels=self._image_rgb)
            return plots.sheet("No proposal was found", [panel])
        return plots.crops(self._image_rgb, self._artifacts, self._models, self.index, variant=self._variant)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The mask, its pictures and its caption, in a sentence.
        """
        if self.index is None:
            return "No proposal was found in this image, so there is nothing to cut out."
        names, caption = ", ".join(each.name for each in self.inputs), self._caption(self.index)
        return f"Mask {self.index} of {len(self._artifacts.proposals)}: {names}; its caption: “{caption}”."

    def snapshot(self) -> dict[str, Any]:
        """What ``mount`` needs to run the viewer without a kernel.

        Returns
        -------
        dict
            The synced values, and under ``others`` the pictures of as many other masks as there is room for.
        """
        others: dict[str, Any] = {}
        room = KEPT
        for index in range(len(self._artifacts.proposals)):
            if index == self.index:
                continue
            record = self._record(index, KEPT_SHOWN)
            room -= sum(len(each["uri"]) for each in record["pictures"])
            if room < 0:
                break
            others[str(index)] = record
        return {**super().snapshot(), "others": others}

    @traitlets.validate("index")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        count = len(self._artifacts.proposals)
        if proposal["value"] is None and count:
            raise traitlets.TraitError(f"index: expected a mask number from 0 to {count - 1}, got None")
        return mask_number(proposal, count)

    def _caption(self, index: int) -> str:
        return caption_of(self._artifacts, index, variant=self._variant)

    def _inputs(self, index: int) -> tuple[ModelInput, ...]:
        if self._seen is None or self._seen[0] != index:  # of a large photo they take seconds
            seen = inputs_of(self._image_rgb, self._artifacts, self._models, index, variant=self._variant)
            self._seen = index, seen
        return self._seen[1]

    def _show(self, change: Any) -> None:
        self.shown = self._record(change["new"])

    def _record(self, index: int | None, longest: int = SHOWN) -> dict[str, Any]:
        nothing: dict[str, Any] = {"index": index, "pictures": [], "caption": "", "problem": ""}
        if index is None:
            return nothing
        try:
            seen = self._inputs(index)
        except Exception as error:
            return {**nothing, "problem": problem_of(error)}
        pictures = [
            {
                "name": each.name,
                "words": each.words,
                "enlarged": each.enlarged,
                "uri": uri(each.pixels, longest),
                "alt": f"Mask {index}, {each.name}. {each.words}",
            }
            for each in seen
        ]
        return {**nothing, "pictures": pictures, "caption": self._caption(index)}


def crops_view(
    sample_or_image: Any,
    artifacts: ImageArtifacts,
    models: Models,
    index: int | None = None,
    *,
    variant: str | Variant = "paper",
) -> CropsViewer:
    """One proposal as every model sees it: cut out on black, as the encoder's real input, blurred around, captioned.

    Parameters
    ----------
    sample_or_image : Sample, or whatever ``tn.as_rgb`` takes
        The picture.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of this picture.
    models : Models
        The models that described the picture.
    index : int, optional
        The proposal's number; default: the first one.
    variant : str or Variant
        Whose crop styles.

    Returns
    -------
    CropsViewer
        The widget.

    Raises
    ------
    ValueError
        When image and artifacts differ in size, or the artifacts were made for another variant.
    IndexError
        For a number that no proposal has.

    Notes
    -----
    The encoder's input has its own size (224 pixels for CLIP, 64 for the toy one); an encoder that does not show its
    preprocessing has none.
    """
    image_rgb, count = image_of(sample_or_image, artifacts), len(artifacts.proposals)
    if index is not None and not 0 <= index < count:
        raise IndexError(f"index: expected a mask number from 0 to {count - 1}, got {index}")
    first = 0 if index is None and count else index
    chosen = find(variant, models)
    require_made_for(chosen, artifacts, models)
    return CropsViewer(image_rgb, artifacts, models, first, chosen)
