"""One text a picture, from GIT, BLIP or BLIP-2 through ``transformers`` (its sole importer together with `clip`'s
tokenizer). A folder decides which: its config.json names the model.

Sources: the paper's captioners are BLIP-2 OPT-2.7b and GIT-base (Table 6); greedy decoding is METHOD section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device, resolve_dtype
from tasnb.models.extras import MissingExtraError, require
from tasnb.models.loading import filled, quiet

# config.json's model_type -> the class of transformers that captions
CAPTIONERS = {
    "git": "GitForCausalLM",
    "blip": "BlipForConditionalGeneration",
    "blip-2": "Blip2ForConditionalGeneration",
}
MAX_NEW_TOKENS = 20  # transformers' default length, and BLIP's max_length
INT8 = "int8"
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


@dataclass(frozen=True, kw_only=True)
class CaptionConfig:
    """How captions are decoded. Raises ValueError for a number below 1.

    num_beams: 1 is greedy. max_new_tokens: the prompt not counted; None: what the folder's generation_config.json says,
    else 20. prompt: the text that the caption continues.
    """

    num_beams: int = 1  # METHOD section 2, `paper`; LAVIS, in the official code, uses 5
    max_new_tokens: int | None = None
    prompt: str | None = None

    def __post_init__(self) -> None:
        for name in ("num_beams", "max_new_tokens"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")


class HFCaptioner:
    """A `Captioner`: captions in batches, stripped, lower case as far as the model writes so."""

    def __init__(
        self,
        model: Any,
        processor: Any,
        config: CaptionConfig,
        *,
        fingerprint: str,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = 16,
    ) -> None:
        """Take a loaded model and its processor; `load` is the way to get both."""
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
        self.model, self.processor, self.config = model, processor, config
        self.fingerprint, self.batch_size = fingerprint, batch_size
        self.device, self.dtype = resolve_device(device), resolve_dtype(dtype)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        device: str = "auto",
        dtype: str = "float32",
        batch_size: int = 16,
        num_beams: int = 1,
        max_new_tokens: int | None = None,
        prompt: str | None = None,
    ) -> HFCaptioner:
        """Load a transformers folder (config.json, weights, processor and tokenizer files), never the network.

        Weights: safetensors, or a .bin that torch.load reads with weights_only=True. dtype: "float32", "bfloat16",
        "float16", or "int8": the linear layers in 8 bits by bitsandbytes (LLM.int8), the rest in float16; CUDA only.
        Raises FileNotFoundError for an incomplete folder, ValueError for another kind of model, for weights that lack
        keys, and for int8 where it cannot run.
        """
        config = CaptionConfig(num_beams=num_beams, max_new_tokens=max_new_tokens, prompt=prompt)
        place = resolve_device(device)
        number = resolve_dtype("float16" if dtype == INT8 else dtype)
        folder = Path(folder)
        if not (folder / "config.json").is_file():
            raise FileNotFoundError(f"captioner folder {folder} has no config.json")
        weights = next((found for p in _WEIGHTS if (found := sorted(folder.glob(p)))), None)
        if weights is None:
            raise FileNotFoundError(f"captioner folder {folder} has no weights; expected {' or '.join(_WEIGHTS)}")
        import transformers

        kind = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        if kind.model_type not in CAPTIONERS:
            raise ValueError(f"{folder} holds a model of type {kind.model_type!r}; choose from {', '.join(CAPTIONERS)}")
        if kind.model_type == "blip-2" and kind.image_token_index is None:
            raise ValueError(
                f"{folder}: this BLIP-2 was exported before its configuration had image_token_index; "
                "fetch the revision that tasnb pins (tasnb fetch paper)"
            )
        model_class = getattr(transformers, CAPTIONERS[kind.model_type])
        how = _in_8_bits(place) if dtype == INT8 else {}
        model = filled(model_class, folder, dtype=number, what=f"a {kind.model_type} captioner", **how)
        with quiet():
            # Pillow's resize is what these models were published with; torchvision's differs in the last bits
            processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        model.eval().requires_grad_(False)
        if not how:
            model.to(place)  # in 8 bits it is there already, and refuses to move
        small = sorted(folder.glob("*.json")) + sorted(folder.glob("*.txt"))
        return cls(
            model,
            processor,
            config,
            fingerprint=fingerprint("captioner", [*small, *weights], {**asdict(config), "dtype": dtype}),
            device=place,
            dtype="float16" if dtype == INT8 else dtype,
            batch_size=batch_size,
        )

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]:
        """Return one caption for each picture, uint8 (h, w, 3) of any size; the prompt is not repeated."""
        texts: list[str] = []
        for start in range(0, len(pictures), self.batch_size):
            texts += self._batch(pictures[start : start + self.batch_size])
        return tuple(texts)

    def _batch(self, pictures: Sequence[np.ndarray]) -> list[str]:
        import torch

        images = [Image.fromarray(np.asarray(picture)) for picture in pictures]
        pixels = self.processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
        inputs = {"pixel_values": pixels.to(self.device, self.dtype), **self._prompt(len(images))}
        with torch.inference_mode():
            tokens = self.model.generate(
                **inputs,
                num_beams=self.config.num_beams,
                do_sample=False,
                max_new_tokens=self._limit(),
            )
        tokens = tokens[:, self._prompt_length(inputs) :]  # generate repeats what it was given
        return [text.strip() for text in self.processor.batch_decode(tokens, skip_special_tokens=True)]

    def _limit(self) -> int:
        if self.config.max_new_tokens is not None:
            return self.config.max_new_tokens
        return self.model.generation_config.max_new_tokens or MAX_NEW_TOKENS

    def _prompt_length(self, inputs: dict[str, Any]) -> int:
        if "input_ids" not in inputs:
            return 0
        return inputs["input_ids"].shape[1] - (self.model.config.model_type == "blip")

    def _prompt(self, count: int) -> dict[str, Any]:
        """Return the token ids that every caption of the batch starts with, in each model's own way."""
        import torch

        if self.config.prompt is None:
            return {}
        tokenizer, kind = self.processor.tokenizer, self.model.config.model_type
        words = tokenizer(self.config.prompt, add_special_tokens=False)["input_ids"]
        if kind == "git":
            ids = [tokenizer.cls_token_id, *words]
        elif kind == "blip":
            ids = [tokenizer.cls_token_id, *words, tokenizer.sep_token_id]  # its generate drops the last one
        else:
            marks = [self.model.config.image_token_index] * self.model.config.num_query_tokens
            ids = [*marks, *tokenizer(self.config.prompt)["input_ids"]]
        rows = torch.tensor([ids] * count, device=self.device)
        return {"input_ids": rows, "attention_mask": torch.ones_like(rows)}


def _in_8_bits(device: str) -> dict[str, Any]:
    """What from_pretrained needs for int8. Raises MissingExtraError where there is no CUDA or no bitsandbytes."""
    if not device.startswith("cuda"):
        raise MissingExtraError(
            f"dtype 'int8' needs a CUDA device, got {device!r}; use bfloat16 on a CPU, or another captioner (git)"
        )
    require("bitsandbytes", extra="quant", what="dtype 'int8'", note="CUDA only")
    from transformers import BitsAndBytesConfig

    return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True), "device_map": {"": device}}
