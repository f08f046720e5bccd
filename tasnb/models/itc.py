"""Image-text matchers beyond CLIP, for the paper's Table 7; and ``load``, which tells by the files which one it is.

TAS runs on each of them in the matcher's own space: V and N compare a picture with a text as the matcher itself does
(its image-text contrastive score, ITC), P compares two texts by the cosine of the matcher's own text features.

BLIP-2 ITC (transformers ``Blip2ForImageTextRetrieval``): a picture is q unit features, float32 (n, q, d), one a
learned query; a text is the unit feature of its first token. Their score is the largest of the q cosines, so
V_m = max over q of cos(f_q(I_m), E_t(T)) and N_m = -mean over the negatives of that maximum (``scores.cosines``).
Source: Li et al. 2023, section 3.1; Salesforce/LAVIS, ``blip2_image_text_matching``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.models.batches import each_once, unit_features
from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device, resolve_dtype

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
MAX_TOKENS = 32  # BLIP-2's max_txt_len in LAVIS, its marks counted
BLIP2_CLASS = "Blip2ForImageTextRetrieval"
ALBEF_FILES = ("ALBEF.pth", "albef.pth")


def load(
    model: str | Path,
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    image_size: int | None = None,
) -> Any:
    """Load any image-text encoder: BLIP-2 ITC, ALBEF, or a CLIP of open_clip.

    model: a folder decides by its files: config.json of model_type "blip-2" is BLIP-2 ITC, ALBEF.pth is ALBEF, anything
    else and every name is ``ClipEncoder.load``'s. checkpoint: only for a name of open_clip. batch_size: default is the
    adapter's own. image_size: of ALBEF's picture, see ``AlbefItc.load``. Raises what the chosen adapter's ``load``
    raises, and ValueError for an image_size that the model does not take.
    """
    options: dict[str, Any] = {"device": device, "dtype": dtype}
    if batch_size is not None:
        options["batch_size"] = batch_size
    folder = Path(model)
    own_files = folder.is_dir() and checkpoint is None
    if own_files and any((folder / name).is_file() for name in ALBEF_FILES):
        from tasnb.models.itc_albef import AlbefItc

        return AlbefItc.load(folder, **(options if image_size is None else {**options, "image_size": image_size}))
    if image_size is not None:
        raise ValueError(f"image_size={image_size}: only ALBEF takes another one; leave it out for {model}")
    if own_files and _model_type(folder) == "blip-2":
        return Blip2Itc.load(folder, **options)
    from tasnb.models.clip import ClipEncoder

    return ClipEncoder.load(model, checkpoint, **options)


class Blip2Itc:
    """An `ImageTextEncoder`: BLIP-2's query features of a picture and its feature of a text."""

    def __init__(
        self, model: Any, processor: Any, *, fingerprint: str, device: str = "cpu", batch_size: int = 16
    ) -> None:
        """Take a loaded model and its processor; `load` is the way to get both."""
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
        self.model, self.processor = model, processor
        self.fingerprint, self.batch_size, self.device = fingerprint, batch_size, device
        self.queries, self.embed_dim = int(model.config.num_query_tokens), int(model.config.image_text_hidden_size)

    @classmethod
    def load(
        cls, folder: str | Path, *, device: str = "auto", dtype: str = "float32", batch_size: int = 16
    ) -> Blip2Itc:
        """Load a transformers folder such as Salesforce/blip2-itm-vit-g, never the network.

        dtype: of the image tower; the querying transformer stays float32, as transformers keeps it. Raises
        FileNotFoundError for an incomplete folder, ValueError for another model or for weights that lack keys.
        """
        place, number = resolve_device(device), resolve_dtype(dtype)
        folder = Path(folder)
        if _model_type(folder) != "blip-2":
            raise ValueError(f"{folder}: expected a config.json of model_type 'blip-2', got {_model_type(folder)!r}")
        weights = next((found for p in _WEIGHTS if (found := sorted(folder.glob(p)))), None)
        if weights is None:
            raise FileNotFoundError(f"BLIP-2 folder {folder} has no weights; expected {' or '.join(_WEIGHTS)}")
        import transformers

        from tasnb.models.loading import filled

        model = filled(getattr(transformers, BLIP2_CLASS), folder, dtype=number, what="BLIP-2 image-text retrieval")
        processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        model.eval().requires_grad_(False).to(place)
        small = sorted(folder.glob("*.json")) + sorted(folder.glob("*.txt"))
        name = fingerprint("itc blip-2", [*small, *weights], {"dtype": dtype, "max_tokens": MAX_TOKENS})
        return cls(model, processor, fingerprint=name, device=place, batch_size=batch_size)

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return unit features, float32 (n, q, d), for pictures uint8 (h, w, 3) of any size; (0, q, d) for none."""
        import torch

        model = self.model

        def features(batch: Sequence[np.ndarray]) -> Any:
            images = [Image.fromarray(np.asarray(picture)) for picture in batch]
            pixels = self.processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
            seen = model.vision_model(pixel_values=pixels.to(self.device, model.vision_model.dtype))[0]
            asked = model.qformer(
                query_embeds=model.query_tokens.expand(len(images), -1, -1),
                encoder_hidden_states=seen,
                encoder_attention_mask=torch.ones(seen.shape[:-1], dtype=torch.long, device=seen.device),
            ).last_hidden_state
            return _projected(model.vision_projection, asked)

        return unit_features(pictures, features, shape=(self.queries, self.embed_dim), batch_size=self.batch_size)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit rows, float32 (n, d), row for row; (0, d) for none. A text beyond 32 tokens is cut at its end."""
        model = self.model

        def features(batch: Sequence[str]) -> Any:
            words = self.processor.tokenizer(
                list(batch), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            ).to(self.device)
            read = model.qformer(
                query_embeds=model.embeddings(input_ids=words["input_ids"]),
                query_length=0,
                attention_mask=words["attention_mask"],
            ).last_hidden_state
            return _projected(model.text_projection, read[:, 0])

        shape, size = (self.embed_dim,), self.batch_size
        return each_once(texts, lambda once: unit_features(once, features, shape=shape, batch_size=size))


def _projected(projection: Any, features: Any) -> Any:
    return projection(features.to(projection.weight.dtype))


def _model_type(folder: Path) -> str | None:
    """The model_type in a folder's config.json, None without one."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    return found.get("model_type") if isinstance(found, dict) else None
