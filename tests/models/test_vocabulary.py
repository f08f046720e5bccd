"""A folder without its tokenizer, or with another model's, is refused where it was silence before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasnb.core.errors import MissingFileError, UserError
from tasnb.models.adapters import load_matcher
from tasnb.models.captioner import HFCaptioner
from tasnb.models.catalogue import PARTS
from tasnb.models.vocabulary import require_vocabulary
from tests.models import official_checkpoints, official_matchers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folders(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("speaking")
    official_checkpoints.write_blip(home / "blip")
    official_checkpoints.write_blip2(home / "blip2")
    official_matchers.write_blip2_itc(home / "itc")
    return {"git": checkpoints / "git", "clip": checkpoints / "clip"} | {
        kind: home / kind for kind in ("blip", "blip2", "itc")
    }


def load(kind: str, folder: Path) -> Any:
    reader: Callable[..., Any] = load_matcher if kind in ("itc", "clip") else HFCaptioner.load
    return reader(folder, device="cpu")


@pytest.mark.parametrize("kind", ["git", "blip", "blip2", "itc", "clip"])
@pytest.mark.parametrize(
    "gone", [("tokenizer.json",), ("tokenizer_config.json",), ("tokenizer.json", "tokenizer_config.json")]
)
def test_a_folder_without_tokenizer_files_is_refused(kind: str, gone: tuple, folders, tmp_path: Path) -> None:
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    for name in gone:
        (broken / name).unlink()
    with pytest.raises(
        MissingFileError, match=r"has no (tokenizer files; expected tokenizer\.json|tokenizer_config\.json)"
    ):
        load(kind, broken)


@pytest.mark.parametrize("kind", ["git", "blip", "blip2", "itc"])
def test_a_folder_without_its_processor_is_refused(kind: str, folders, tmp_path: Path) -> None:
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    for name in ("preprocessor_config.json", "processor_config.json"):
        (broken / name).unlink(missing_ok=True)
    with pytest.raises(MissingFileError, match=r"has no preprocessor_config\.json or processor_config\.json"):
        load(kind, broken)


@pytest.mark.parametrize("kind", ["git", "blip", "blip2", "itc", "clip"])
@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json"])
def test_half_a_file_is_named(kind: str, name: str, folders, tmp_path: Path) -> None:
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    path = broken / (f"open_clip_{name}" if kind == "clip" and name == "config.json" else name)
    if not path.is_file():
        pytest.skip(f"{kind} has no {name}")
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(UserError, match=f"{path.name} is not readable JSON"):
        load(kind, broken)


@pytest.mark.parametrize("kind", ["git", "blip", "blip2", "itc", "clip"])
def test_a_tokenizer_with_only_its_marks_is_refused(kind: str, folders, tmp_path: Path) -> None:
    """What transformers makes of a folder without a vocabulary, here written out: five words of twenty-one."""
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    written = json.loads((broken / "tokenizer.json").read_text())
    vocabulary = written["model"]["vocab"]
    marks = {mark["content"] for mark in written["added_tokens"]}
    written["model"]["vocab"] = {word: number for word, number in vocabulary.items() if word in marks or number < 4}
    (broken / "tokenizer.json").write_text(json.dumps(written))
    with pytest.raises(
        UserError, match=r"its tokenizer knows [0-9]+ words, the model 2[0-9]: tokenizer files are missing"
    ):
        load(kind, broken)


@pytest.mark.parametrize("kind", ["blip2", "clip"])  # BERT's class in transformers writes the template anew
def test_a_tokenizer_that_contradicts_itself_is_refused(kind: str, folders, tmp_path: Path) -> None:
    """Rust panics at it, which is no Exception; its template names a mark that it does not list."""
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    written = json.loads((broken / "tokenizer.json").read_text())
    template = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    processor = {"type": "TemplateProcessing", "single": template, "pair": template, "special_tokens": {}}
    (broken / "tokenizer.json").write_text(json.dumps({**written, "post_processor": processor}))
    with pytest.raises(UserError, match=r"its (tokenizer reads no text|tokenizer cannot be loaded|processor cannot)"):
        load(kind, broken)


class Words:
    """As much of a tokenizer as its size: words, then marks that were added, and what a text becomes."""

    def __init__(self, words: int, added: int = 0, read: int = 0) -> None:
        self.words, self.added, self.read = words, added, read
        self.added_tokens_encoder = {f"<{number}>": words + number for number in range(added)}

    def __len__(self) -> int:
        return self.words + self.added

    def get_vocab(self) -> dict[str, int]:
        return {f"w{number}": number for number in range(self.words)} | self.added_tokens_encoder

    def __call__(self, _: str) -> Any:
        return type("Read", (), {"input_ids": [self.read]})()


# model, its tokenizer, rows of its table, whether they fit
SIZES = [
    ("GIT, BERT uncased", Words(30_522), 30_522, True),
    ("BLIP: two marks of its own", Words(30_522), 30_524, True),
    ("BLIP-2, OPT: padded", Words(50_265, 1), 50_272, True),
    ("BLIP-2, OPT: padded to 64", Words(50_265, 1), 50_304, True),
    ("BLIP-2, FLAN-T5", Words(32_000, 100), 32_128, True),
    ("BLIP-2 ITC: a mark for pictures beyond the table", Words(30_522, 2), 30_523, True),
    ("SigLIP 2, Gemma", Words(256_000), 256_000, True),
    ("SigLIP, 100 marks that no text has", Words(32_000, 100), 32_000, True),
    ("a small one padded to 64", Words(40), 64, True),
    ("none but marks", Words(0, 5), 30_522, False),
    ("nothing", Words(0), 30_522, False),
    ("BERT cased with an uncased model", Words(28_996), 30_522, False),
    ("half a vocabulary", Words(15_261), 30_522, False),
    ("nine tenths of one", Words(27_470), 30_522, False),
    ("GPT-2's with a BERT model", Words(50_257), 30_522, False),
    ("ids beyond the table", Words(30_522, read=30_522), 30_522, False),
    ("a small one, marks alone", Words(0, 5), 21, False),
]


@pytest.mark.parametrize(("case", "tokenizer", "rows", "fits"), SIZES, ids=[row[0] for row in SIZES])
def test_the_sizes_tell(case: str, tokenizer: Words, rows: int, fits: bool) -> None:
    if fits:
        require_vocabulary(tokenizer, rows, "model")
        return
    with pytest.raises(UserError, match=f"the model {rows:,}"):
        require_vocabulary(tokenizer, rows, "model")


def test_a_captioner_that_never_says_a_word_is_refused(folders) -> None:
    import torch

    silent = HFCaptioner.load(folders["git"], device="cpu")
    end = silent.model.generation_config.eos_token_id
    head = silent.model.output
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(-1.0)
        head.bias[end] = 1.0  # the end is the likeliest word, always
    assert silent.caption([]) == ()
    with pytest.raises(UserError, match=r"the captioner .git. says nothing about any picture"):
        silent.caption([np.zeros((9, 9, 3), np.uint8)] * 3)


def test_one_picture_without_a_word_is_no_fault(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking = HFCaptioner.load(folders["git"], device="cpu")
    batches = []
    whole = speaking._batch
    monkeypatch.setattr(
        speaking,
        "_batch",
        lambda pictures: batches.append(len(pictures)) or ([""] if len(pictures) == 1 else whole(pictures)),
    )
    assert speaking.caption([np.zeros((9, 9, 3), np.uint8)]) == ("",)
    assert speaking.caption([np.zeros((9, 9, 3), np.uint8)]) == ("",)
    assert batches == [1, 4, 1], "its own four pictures are asked about once"


def test_the_catalogue_lists_what_speech_and_reading_need() -> None:
    for role, choice in [("captioner", name) for name in PARTS["captioner"]] + [("clip", "blip2-itc")]:
        names = [file.path for file in PARTS[role][choice].files]
        assert {"config.json", "tokenizer.json", "tokenizer_config.json"} <= set(names), choice
        assert any("processor_config.json" in name for name in names), choice
    for choice in ("siglip2", "toy", "toy-rn", "toy-cutouts"):
        assert {"tokenizer.json", "tokenizer_config.json"} <= {file.path for file in PARTS["clip"][choice].files}
