"""The text side of an evaluation: every expression about an image parsed and encoded once, for all methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tasnb.core.types import ImageTextEncoder, Models, Parse, parse_from_json, parse_to_json
from tasnb.pipeline.describe import Memo, embed_texts
from tasnb.pipeline.variant import Variant
from tasnb.stages import expressions


class KnownTexts:
    """An encoder that has some texts at hand and asks the real one for the others; all else is the real one's."""

    def __init__(self, encoder: ImageTextEncoder, rows: dict[str, np.ndarray]) -> None:
        self._encoder, self._rows = encoder, rows

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return self._encoder.encode_images(pictures)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        if texts and all(text in self._rows for text in texts):
            return np.stack([self._rows[text] for text in texts])
        return self._encoder.encode_texts(texts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._encoder, name)


def encode(texts: Sequence[str], models: Models, memo: Memo, *, more: Sequence[str] = ()) -> KnownTexts:
    """The models' encoder, knowing these expressions as methods ask for them: stripped, in lower case.

    more: what only some methods ask for; kept apart in the memo, so that a run without them finds the rest there.
    """
    known: dict[str, np.ndarray] = {}
    for group in (texts, more):
        plain = [text for text in dict.fromkeys(text.strip().lower() for text in group) if text not in known]
        rows = embed_texts(plain, models, memo=memo) if plain else np.zeros((0, 0), np.float32)
        known |= dict(zip(plain, rows, strict=True))
    return KnownTexts(models.encoder, known)


def parse_all(texts: Sequence[str], models: Models, variant: Variant, memo: Memo) -> list[Parse]:
    """The parse of every expression. Raises what ``expressions.parse`` raises, ValueError for an empty one."""
    name = getattr(models.parser, "fingerprint", None)
    if name is None:  # a bare spaCy pipeline has no name to keep its work under
        return [expressions.parse(text, models.parser, rule=variant.parse) for text in texts]
    found = memo(
        "parses", "", name, {"texts": list(texts), "rule": variant.parse},
        lambda: tuple(parse_to_json(expressions.parse(text, models.parser, rule=variant.parse)) for text in texts),
    )  # fmt: skip
    return [parse_from_json(text) for text in found]
