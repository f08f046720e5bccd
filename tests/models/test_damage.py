"""Every part of a model and every damage: one line that names the file, whatever a vendor makes of it."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasnb.core.errors import UserError, in_one_line
from tasnb.models.adapters import LOADERS
from tests.models import official_matchers, official_proposers
from tests.models.official_checkpoints import TINY_SAM

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Sound:
    """A part that loads: its role and arguments, and the file that is damaged."""

    role: str
    arguments: dict[str, Any]
    file: Path

    def load(self, root: Path) -> Any:
        """From its copy below another root."""
        given = {name: root / value if isinstance(value, Path) else value for name, value in self.arguments.items()}
        device = {} if self.role in ("spacy", "wordnet") else {"device": "cpu"}
        return LOADERS[self.role](**given, **device)


# role, arguments and damaged file, below one folder
SAM = Path("sam/sam_tiny_random.pth")
PARTS: dict[str, Sound] = {
    "SAM": Sound("sam", {"checkpoint": SAM, "model": TINY_SAM}, SAM),
    "SAM, width unknown": Sound("sam", {"checkpoint": SAM}, SAM),
    "SAM 2": Sound("sam", {"checkpoint": Path("sam2")}, Path("sam2/model.safetensors")),
    "FastSAM": Sound("sam", {"checkpoint": Path("FastSAM-s.pt")}, Path("FastSAM-s.pt")),
    "CLIP, a file": Sound("clip", {"model": Path("clip.pt")}, Path("clip.pt")),
    "CLIP, a folder": Sound("clip", {"model": Path("clip")}, Path("clip/open_clip_pytorch_model.bin")),
    "captioner": Sound("captioner", {"folder": Path("git")}, Path("git/model.safetensors")),
    "captioner, .bin": Sound("captioner", {"folder": Path("git_bin")}, Path("git_bin/pytorch_model.bin")),
    "ITC": Sound("clip", {"model": Path("itc")}, Path("itc/model.safetensors")),
    "ALBEF": Sound("clip", {"model": Path("albef")}, Path("albef/ALBEF.pth")),
    "ALBEF's words": Sound("clip", {"model": Path("albef")}, Path("albef/vocab.txt")),
    "captioner's configuration": Sound("captioner", {"folder": Path("git")}, Path("git/config.json")),
    "captioner's words": Sound("captioner", {"folder": Path("git")}, Path("git/tokenizer.json")),
    "captioner's pictures": Sound("captioner", {"folder": Path("git")}, Path("git/processor_config.json")),
    "SAM 2's pictures": Sound("sam", {"checkpoint": Path("sam2")}, Path("sam2/preprocessor_config.json")),
    "CLIP's configuration": Sound("clip", {"model": Path("clip")}, Path("clip/open_clip_config.json")),
    "spaCy": Sound("spacy", {"folder": Path("spacy")}, Path("spacy/meta.json")),
    "spaCy's configuration": Sound("spacy", {"folder": Path("spacy")}, Path("spacy/config.cfg")),
    "spaCy's parser": Sound("spacy", {"folder": Path("spacy")}, Path("spacy/parser/model")),
    "spaCy's words": Sound("spacy", {"folder": Path("spacy")}, Path("spacy/vocab/strings.json")),
    "WordNet": Sound("wordnet", {"folder": Path("wordnet")}, Path("wordnet/data.noun")),
    "WordNet's index": Sound("wordnet", {"folder": Path("wordnet")}, Path("wordnet/index.verb")),
    "WordNet's exceptions": Sound("wordnet", {"folder": Path("wordnet")}, Path("wordnet/noun.exc")),
}  # fmt: skip
WEIGHTS = tuple(name for name, part in PARTS.items() if part.file.suffix in (".pth", ".pt", ".bin", ".safetensors"))
# what a part can do with: a WordNet of ten words has no verbs, a list of exceptions has any lines
LOADS = {"WordNet's exceptions": ("empty", "half", "text", "a list", "null"), "WordNet's index": ("empty",)}
SLOW = ("spaCy", "spaCy's configuration", "spaCy's parser", "spaCy's words")  # half a second each
QUICK = ("empty", "half", "an LFS pointer", "text")


@pytest.fixture(scope="module")
def sound(checkpoints: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one small model of each kind."""
    import torch
    from safetensors.torch import load_file

    home = tmp_path_factory.mktemp("sound")
    for name in ("sam", "clip", "git", "wordnet"):
        shutil.copytree(checkpoints / name, home / name)
    shutil.copytree(toy_folder / "spacy", home / "spacy")
    torch.save(load_file(home / "clip" / "open_clip_model.safetensors"), home / "clip" / "open_clip_pytorch_model.bin")
    (home / "clip" / "open_clip_model.safetensors").unlink()
    shutil.copytree(home / "git", home / "git_bin")
    torch.save(load_file(home / "git" / "model.safetensors"), home / "git_bin" / "pytorch_model.bin")
    (home / "git_bin" / "model.safetensors").unlink()
    official_matchers.write_blip2_itc(home / "itc")
    official_matchers.write_albef(home / "albef")
    official_proposers.write_sam2(home / "sam2")
    for name in ("clip.pt", "FastSAM-s.pt"):
        torch.save({"visual.conv1.weight": torch.zeros(8, 3, 4, 4)}, home / name)
    return home


@pytest.fixture
def broken(sound: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a part to break, as links to all but the damaged file."""

    def copy(name: str) -> Path:
        part = PARTS[name].file
        whole = sound / part.parts[0]
        if whole.is_dir():
            shutil.copytree(whole, tmp_path / whole.name, copy_function=os.symlink)
        (tmp_path / part).unlink(missing_ok=True)
        return tmp_path / part

    return copy


def fault(name: str, root: Path) -> str:
    """What is wrong with the way in which a part is refused; "" for one line that a person can use."""
    try:
        PARTS[name].load(root)
    except (UserError, OSError) as error:
        line = in_one_line(error) or ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    else:
        return "it loads"
    where, advice = PARTS[name].file, ("weights_only", "trust_remote_code", "safe_globals", "interrupted")
    if not line or "\n" in line or len(line) > 1200 or any(word in line for word in advice):
        return f"not such a line: {line}"
    names = (where.name, where.parts[0], "ultralytics")
    return "" if any(each in line for each in names) else f"it names no file: {line}"


def zipped(text: str) -> bytes:
    with zipfile.ZipFile(memory := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", text)
    return memory.getvalue()


# what is in the file instead: made of what was in it
FOREIGN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "a web page": lambda whole: b"<!DOCTYPE html><html><body>log in</body></html>",
    "a web page, later": lambda whole: b"\n\n  <HTML lang=en>" + b"x" * 99,
    "an LFS pointer": lambda whole: b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64,
    "text": lambda whole: b"hello\n",
    "a picture": lambda whole: b"\x89PNG\r\n\x1a\n" + bytes(99),
    "zeros": lambda whole: bytes(4096),
    "a zip": lambda whole: zipped("hello"),
    "a pickle": lambda whole: pickle.dumps({"a": [1, 2, 3]}),
    "a list": lambda whole: b"[1, 2]",
    "null": lambda whole: b"null",
    "deep": lambda whole: b'{"a":' * 100_000,
    "invalid UTF-8": lambda whole: b'{"a": "\xff\xfe"}',
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_what_came_in_place_of_a_file_is_one_line_and_nothing_waits_for_it(
    name: str, sound: Path, broken: Callable[[str], Path]
) -> None:
    path, whole = broken(name), (sound / PARTS[name].file).read_bytes()
    root = path.parents[len(PARTS[name].file.parts) - 1]
    wrong = {}
    for damage, change in FOREIGN.items():
        if (name in SLOW and damage not in QUICK) or damage in LOADS.get(name, ()):
            continue
        path.write_bytes(change(whole))
        wrong[damage] = fault(name, root)
    path.unlink()
    wrong["gone"] = fault(name, root)
    path.symlink_to("nowhere")
    wrong["a broken link"] = fault(name, root)
    path.unlink()
    os.mkfifo(path)
    wrong["a pipe"] = fault(name, root)
    path.unlink()
    path.mkdir()
    wrong["a folder"] = fault(name, root)
    assert not {damage: said for damage, said in wrong.items() if said}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_say_what_they_are_instead(name: str, broken: Callable[[str], Path]) -> None:
    path = broken(name)
    for damage, says in {
        "empty": "it is empty",
        "an LFS pointer": "Git LFS pointer",
        "a web page": "a web page",
    }.items():
        path.write_bytes(FOREIGN[damage](b""))
        with pytest.raises(UserError, match=says):
            PARTS[name].load(path.parents[len(PARTS[name].file.parts) - 1])


def first_matrix(state: dict[str, Any]) -> str:
    return next(name for name, value in state.items() if value.ndim == 2 and value.is_floating_point())


def changed(change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    """A state dict in which the first matrix is another."""
    return lambda state: state | {first_matrix(state): change(state[first_matrix(state)])}


def _torch() -> Any:
    import torch

    return torch


# what a checkpoint holds instead of its state dict
CONTENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "TorchScript": lambda state: None,
    "a whole module": lambda state: _torch().nn.Linear(2, 2),
    "a Namespace beside": lambda state: {"model": state, "args": argparse.Namespace(lr=1)},
    "a list": lambda state: [1, 2],
    "a list of tensors": lambda state: list(state.values()),
    "one tensor": lambda state: next(iter(state.values())),
    "nothing": lambda state: {},
    "None": lambda state: None,
    "itself, many times": lambda state: _in_itself(),
    "half of the tensors": lambda state: dict(list(state.items())[: len(state) // 2]),
    "another shape": changed(lambda value: value[:, :-1].clone()),
    "more dimensions": changed(lambda value: value[None].clone()),
    "NaN": changed(lambda value: value * float("nan")),
    "infinity": changed(lambda value: value + float("inf")),
    "8 bits": changed(lambda value: (value * 100).to(_torch().int8)),
    "8 bits, unsigned": changed(lambda value: (value * 100).abs().to(_torch().uint8)),
    "32 bits": changed(lambda value: (value * 100).to(_torch().int32)),
    "quantised": changed(lambda value: _torch().quantize_per_tensor(value.float(), 0.1, 0, _torch().qint8)),
    "sparse": changed(lambda value: value.to_sparse()),
    "complex": changed(lambda value: value.to(_torch().complex64)),
    "no numbers": changed(lambda value: value.to("meta")),
    "a view of one number": changed(lambda value: value[:1, :1].clone().expand(1 << 20, 1 << 20)),
}
PICKLED = {"a whole module", "a Namespace beside", "a list", "a list of tensors", "one tensor", "None", "quantised"}
PICKLED |= {"itself, many times", "sparse", "complex", "no numbers", "a view of one number"}  # not in safetensors


def _in_itself() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found |= {f"key {number}": found for number in range(2000)}
    return found


@pytest.mark.filterwarnings("ignore")  # torch says that quantised tensors and TorchScript will go
@pytest.mark.parametrize(
    "name", [name for name in WEIGHTS if name not in ("FastSAM", "CLIP, a file", "SAM, width unknown")]
)
def test_weights_that_no_model_is_made_of_are_one_line(name: str, sound: Path, broken: Callable[[str], Path]) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path, original = broken(name), sound / PARTS[name].file
    is_safe = original.suffix == ".safetensors"
    state = load_file(original) if is_safe else torch.load(original, weights_only=True)
    inside, wrong = state.get("model", state), {}
    for damage, change in CONTENTS.items():
        content = change(dict(inside))
        if damage == "TorchScript":
            torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))
        elif is_safe and damage not in PICKLED:
            save_file({key: value.contiguous() for key, value in content.items()}, path, metadata={"format": "pt"})
        else:
            torch.save(content if state is inside or not isinstance(content, dict) else {"model": content}, path)
        wrong[damage] = fault(name, path.parents[len(PARTS[name].file.parts) - 1])
    assert not {damage: said for damage, said in wrong.items() if said}


@pytest.mark.parametrize("name", ["SAM", "CLIP, a folder", "captioner", "ALBEF"])
def test_half_precision_is_no_damage(name: str, sound: Path, broken: Callable[[str], Path]) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path, original = broken(name), sound / PARTS[name].file
    state = load_file(original) if original.suffix == ".safetensors" else torch.load(original, weights_only=True)
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.get("model", state).items()}
    if original.suffix == ".safetensors":
        save_file(half, path, metadata={"format": "pt"})
    else:
        torch.save(half, path)
    PARTS[name].load(path.parents[len(PARTS[name].file.parts) - 1])


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data(), name=st.sampled_from([name for name in PARTS if name not in (*SLOW, "FastSAM", "ITC")]))
def test_bytes_that_change_are_a_model_or_one_line(data: st.DataObject, name: str, sound: Path) -> None:
    """Hypothesis: a few bytes of a file become others, are doubled or left out."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        part, root = PARTS[name], Path(folder)
        whole = sound / part.file.parts[0]
        if whole.is_dir():
            shutil.copytree(whole, root / whole.name, copy_function=os.symlink)
            (root / part.file).unlink()
        content = bytearray((sound / part.file).read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, min(len(content), 4096) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        (root / part.file).write_bytes(bytes(content))
        assert fault(name, root) in ("", "it loads")
