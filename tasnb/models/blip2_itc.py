"""BLIP-2's image-text contrastive score, for the paper's Table 7.

TAS runs on a matcher beyond CLIP in the matcher's own space: V and N compare a picture with a text as the matcher does
(its image-text contrastive score, ITC), P compares two texts by the cosine of the matcher's own text features.

BLIP-2 ITC (transformers ``Blip2ForImageTextRetrieval``): a picture is q unit features, float32 (n, q, d), one a
learned query; a text is the unit feature of its first token. Their score is the largest of the q cosines, so
V_m = max over q of cos(f_q(I_m), E_t(T)) and N_m = -mean over the negatives of that maximum (``scores.cosines``).
Source: Li et al. 2023, section 3.1; Salesforce/LAVIS, ``blip2_image_text_matching``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.errors import UserError
from tasnb.models.batched import Matcher, pixels_of
from tasnb.models.folders import load_pretrained, load_processor
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.vocabulary import require_tokenizer_files, require_vocabulary
from tasnb.models.weights import deciding_files, fingerprint, read_config

_DROPPED = re.compile(r"[.!\"()*#:;~]")  # LAVIS, BlipCaptionProcessor.pre_caption
MAX_WORDS = 50  # the same
MAX_TOKENS = 32  # BLIP-2's max_txt_len in LAVIS, its marks counted
MODEL_CLASS = "Blip2ForImageTextRetrieval"


class Blip2Itc(Matcher):
    """An `ImageTextEncoder`: BLIP-2's query features of a picture and its feature of a text; `load` gets one.

    Parameters
    ----------
    model, processor : object
        A loaded Blip2ForImageTextRetrieval and its processor.
    **common : object
        See `Matcher`.
    """

    def __init__(self, model: Any, processor: Any, **common: Any) -> None:
        sizes = model.config
        super().__init__(embed_dim=sizes.image_text_hidden_size, queries=sizes.num_query_tokens, **common)
        self.model, self.processor = model, processor

    @classmethod
    def load(
        cls, folder: str | Path, *, device: str = "auto", dtype: str = "float32", batch_size: int = 16
    ) -> Blip2Itc:
        """Load a transformers folder such as Salesforce/blip2-itm-vit-g, never the network.

        Parameters
        ----------
        folder : str or Path
            With config.json, weights, processor and tokenizer files.
        device : str
            Where it runs.
        dtype : str
            Of the image tower; the querying transformer stays float32, as transformers keeps it.
        batch_size : int
            Pictures or texts that it takes at once.

        Returns
        -------
        Blip2Itc
            Ready to use.

        Raises
        ------
        MissingFileError
            For a folder without weights, processor or tokenizer files.
        UserError
            For another model, for weights that lack keys or hold NaN, and for another model's tokenizer.
        """
        place, number, folder = resolve_device(device), resolve_dtype(dtype), Path(folder)
        kind = read_config(folder / "config.json").get("model_type")
        if kind != "blip-2":
            raise UserError(f"{folder}: expected a config.json of model_type 'blip-2', got {kind!r}")
        files = deciding_files(folder, "BLIP-2 folder")
        require_tokenizer_files(folder, "BLIP-2 folder")
        model = load_pretrained(MODEL_CLASS, folder, what="BLIP-2 image-text retrieval", device=place, dtype=number)
        processor = load_processor(folder, backend="pil")
        rows = model.embeddings.word_embeddings.num_embeddings
        require_vocabulary(processor.tokenizer, rows, f"BLIP-2 {folder}")
        name = fingerprint("itc blip-2", files, {"dtype": dtype, "max_tokens": MAX_TOKENS, "texts": "lavis"})
        return cls(
            model, processor, fingerprint=name, device=place, dtype=model.vision_model.dtype, batch_size=batch_size
        )

    def _image_features(self, pictures: Sequence[np.ndarray]) -> Any:
        import torch

        model, pixels = self.model, pixels_of(pictures, self.processor)
        seen = model.vision_model(pixel_values=pixels.to(self.device, self.dtype))[0]
        asked = model.qformer(
            query_embeds=model.query_tokens.expand(len(pixels), -1, -1),
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:-1], dtype=torch.long, device=seen.device),
        ).last_hidden_state
        return _projected(model.vision_projection, asked)

    def _text_features(self, texts: Sequence[str]) -> Any:
        words = self.processor.tokenizer(
            [as_lavis_reads(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
        ).to(self.device)
        read = self.model.qformer(
            query_embeds=self.model.embeddings(input_ids=words["input_ids"]),
            query_length=0,
            attention_mask=words["attention_mask"],
        ).last_hidden_state
        return _projected(self.model.text_projection, read[:, 0])


def as_lavis_reads(text: str) -> str:
    """Rewrite a text as LAVIS reads it for BLIP-2: lower case, without some of its punctuation, at most 50 words.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Its words, with one space between them.

    Examples
    --------
    >>> as_lavis_reads("The hot-dog (left), here: yes!")
    'the hot-dog left , here yes'
    """
    return " ".join(_DROPPED.sub(" ", text.lower()).split()[:MAX_WORDS])


def _projected(projection: Any, features: Any) -> Any:
    return projection(features.to(projection.weight.dtype))
