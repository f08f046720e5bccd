"""One text a picture, from GIT, BLIP or BLIP-2 through ``transformers``. A folder's config.json names the model.

Sources: the paper's captioners are BLIP-2 OPT-2.7b and GIT-base (Table 6); greedy decoding is docs/method.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.choices import require_positive
from tasnb.core.errors import MissingFileError, UserError
from tasnb.models.batched import Batched, pixels_of
from tasnb.models.folders import load_pretrained, load_processor
from tasnb.models.machine import MissingExtraError, require_library, resolve_device, resolve_dtype
from tasnb.models.vocabulary import require_tokenizer_files, require_vocabulary
from tasnb.models.weights import deciding_files, fingerprint, in_our_words, read_config

# config.json's model_type -> the class of transformers that captions
CAPTIONERS = {
    "git": "GitForCausalLM",
    "blip": "BlipForConditionalGeneration",
    "blip-2": "Blip2ForConditionalGeneration",
}
MAX_NEW_TOKENS = 20  # transformers' default length, and BLIP's max_length
INT8 = "int8"


@dataclass(frozen=True, kw_only=True)
class CaptionConfig:
    """How captions are decoded.

    Parameters
    ----------
    num_beams : int
        1 is greedy.
    max_new_tokens : int or None
        The prompt not counted; None: what the folder's generation_config.json says, else 20.
    prompt : str or None
        The text that the caption continues.

    Raises
    ------
    ValueError
        For a number below 1.
    """

    num_beams: int = 1  # docs/method.md, `paper`; LAVIS, in the official code, uses 5
    max_new_tokens: int | None = None
    prompt: str | None = None

    def __post_init__(self) -> None:
        require_positive(num_beams=self.num_beams, max_new_tokens=self.max_new_tokens)
        if self.prompt is not None and not isinstance(self.prompt, str):
            raise UserError(f"prompt: expected the text that the caption continues, got {self.prompt!r:.80}")


class HFCaptioner(Batched):
    """A `Captioner`: captions in batches, lower case as far as the model writes so; `load` is the way to get one.

    Parameters
    ----------
    model, processor : object
        A loaded model of transformers and its processor.
    config : CaptionConfig
        How captions are decoded.
    **common : object
        See `Batched`.
    """

    def __init__(self, model: Any, processor: Any, config: CaptionConfig, **common: Any) -> None:
        super().__init__(**common)
        self.model, self.processor, self.config = model, processor, config
        self._speaks = False  # whether it has ever said a word

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
        """Load a transformers folder, never the network.

        Parameters
        ----------
        folder : str or Path
            With config.json, processor and tokenizer files, and weights: safetensors, or a .bin that torch.load reads
            with weights_only=True.
        device : str
            Where it runs.
        dtype : str
            "float32", "bfloat16", "float16", or "int8": the linear layers in 8 bits by bitsandbytes (LLM.int8), the
            rest in float16; CUDA only.
        batch_size : int
            Pictures that it takes at once.
        num_beams, max_new_tokens, prompt
            See `CaptionConfig`.

        Returns
        -------
        HFCaptioner
            Ready to use.

        Raises
        ------
        MissingFileError
            For an incomplete folder.
        UserError
            For another kind of model, for weights that lack keys or hold NaN, for a tokenizer that is not the model's,
            and for int8 where it cannot run.
        """
        config = CaptionConfig(num_beams=num_beams, max_new_tokens=max_new_tokens, prompt=prompt)
        place, folder = resolve_device(device), Path(folder)
        number = resolve_dtype("float16" if dtype == INT8 else dtype)
        if not (folder / "config.json").is_file():
            raise MissingFileError(f"captioner folder {folder} has no config.json")
        files = deciding_files(folder, "captioner folder")
        written = read_config(folder / "config.json")
        kind = written.get("model_type")
        if kind not in CAPTIONERS:
            raise UserError(f"{folder} holds a model of type {kind!r}; choose from {', '.join(CAPTIONERS)}")
        if kind == "blip-2" and written.get("image_token_index", written.get("image_token_id")) is None:
            raise UserError(
                f"{folder}: this BLIP-2 was exported before its configuration had image_token_index; "
                "fetch the revision that tasnb pins (tasnb fetch paper)"
            )
        require_tokenizer_files(folder, "captioner folder")
        # in 8 bits the model is where it belongs already, and refuses to move
        how = {"device": None, **_in_8_bits(place)} if dtype == INT8 else {"device": place}
        model = load_pretrained(CAPTIONERS[kind], folder, what=f"a {kind} captioner", dtype=number, **how)
        # Pillow's resize is what these models were published with; torchvision's differs in the last bits
        processor = load_processor(folder, backend="pil")
        require_vocabulary(processor.tokenizer, model.get_input_embeddings().num_embeddings, f"captioner {folder}")
        name = fingerprint("captioner", files, {**asdict(config), "dtype": dtype})
        return cls(model, processor, config, fingerprint=name, device=place, dtype=number, batch_size=batch_size)

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]:
        """Say what each picture shows.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, shape (h, w, 3)
            Of any size.

        Returns
        -------
        tuple of str
            One stripped text a picture; the prompt is not repeated.

        Raises
        ------
        UserError
            When it says nothing to any of them, nor to four pictures of its own, and when its numbers are NaN.
        """
        texts = tuple(text for batch in self._batches(pictures) for text in self._batch(batch))
        if texts and not any(texts):
            self.require_speech()
        return texts

    def require_speech(self) -> None:
        """Refuse a captioner that is silent whatever it sees; one that once says a word is asked no more.

        Raises
        ------
        UserError
            When it has no word for any of four pictures: black, white, a ramp of colours, noise.
        """
        if self._speaks:
            return
        ramp = np.linspace(0, 255, 64 * 64 * 3).astype(np.uint8).reshape(64, 64, 3)
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        self._speaks = any(self._batch([np.zeros_like(ramp), np.full_like(ramp, 255), ramp, noise]))
        if not self._speaks:
            raise UserError(
                f"the captioner ({self.model.config.model_type}) says nothing about any picture: its weights or its "
                "tokenizer are damaged or another model's; get them again (tasnb fetch), or choose another captioner"
            )

    def _batch(self, pictures: Sequence[np.ndarray]) -> list[str]:
        import torch

        pixels = pixels_of(pictures, self.processor)
        inputs = {"pixel_values": pixels.to(self.device, self.dtype), **self._prompt(len(pixels))}
        # what generation_config.json asks for may not go together, or need other code
        problem = "the captioner cannot write with its generation_config.json, so get it again"
        with torch.inference_mode(), in_our_words(problem, ValueError):
            tokens = self.model.generate(
                **inputs,
                num_beams=self.config.num_beams,
                do_sample=False,
                max_new_tokens=self._limit(),
                logits_processor=[_refuse_nan],
            )
        tokens = tokens[:, self._prompt_length(inputs) :]  # generate repeats what it was given
        return [text.strip() for text in self.processor.batch_decode(tokens, skip_special_tokens=True)]

    def _limit(self) -> int:
        return self.config.max_new_tokens or self.model.generation_config.max_new_tokens or MAX_NEW_TOKENS

    def _prompt_length(self, inputs: dict[str, Any]) -> int:
        if "input_ids" not in inputs:
            return 0
        return inputs["input_ids"].shape[1] - (self.model.config.model_type == "blip")

    def _prompt(self, count: int) -> dict[str, Any]:
        """The token ids that every caption of the batch starts with, in each model's own way."""
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


def _refuse_nan(_: Any, scores: Any) -> Any:
    """For ``generate``: NaN would be read as the first word of the vocabulary, again and again."""
    if bool(scores.isnan().any()):
        raise UserError(
            "the captioner gives NaN: use dtype float32 or bfloat16, or get its weights again (tasnb fetch)"
        )
    return scores


def _in_8_bits(device: str) -> dict[str, Any]:
    """What from_pretrained needs for int8. Raises MissingExtraError where there is no CUDA or no bitsandbytes."""
    if not device.startswith("cuda"):
        raise MissingExtraError(
            f"dtype 'int8' needs a CUDA device, got {device!r}; use bfloat16 on a CPU, or another captioner (git)"
        )
    require_library("bitsandbytes", extra="quant", what="dtype 'int8'", note="CUDA only")
    from transformers import BitsAndBytesConfig

    return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True), "device_map": {"": device}}
