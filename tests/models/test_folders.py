"""No folder of a model runs code or asks a question, whatever its files ask for and standard input says."""

from __future__ import annotations

import builtins
import io
import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasnb.core.errors import UserError, in_one_line
from tasnb.models import folders
from tasnb.models.adapters import load_matcher, load_proposer
from tasnb.models.captioner import HFCaptioner
from tasnb.models.language import load_parser
from tests.models import official_checkpoints, official_matchers, official_proposers

pytestmark = pytest.mark.slow

LOAD: dict[str, Callable[..., Any]] = {
    "git": HFCaptioner.load,
    "blip2": HFCaptioner.load,
    "itc": load_matcher,
    "clip": load_matcher,
    "sam2": load_proposer,
}


@pytest.fixture(scope="module")
def sound(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("sound")
    official_checkpoints.write_blip2(home / "blip2")
    official_matchers.write_blip2_itc(home / "itc")
    official_proposers.write_sam2(home / "sam2")
    return {kind: (checkpoints if kind in ("git", "clip") else home) / kind for kind in LOAD}


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where foreign code would leave its mark; a "y" waits on standard input, and a question is an error."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 9))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("transformers.utils.hub.HF_MODULES_CACHE", str(tmp_path / "modules"))
    return tmp_path / "it ran"


def evil(marker: Path) -> str:
    kinds = ("Config", "Model", "Processor", "Tokenizer")
    classes = "\n".join(f"class Evil{kind}: model_type = 'evil'" for kind in kinds)
    return f"from pathlib import Path\nPath({str(marker)!r}).write_text('it ran')\n{classes}\n"


def edited(name: str, change: dict[str, Any], *inside: str) -> Callable[[Path], None]:
    """Add entries to a JSON file, at its top or inside an entry of it; make the file where there is none."""

    def edit(folder: Path) -> None:
        path = folder / name
        written = json.loads(path.read_text()) if path.is_file() else {}
        place = written
        for key in inside:
            place = place.setdefault(key, {})
        place |= change
        path.write_text(json.dumps(written))

    return edit


def with_generate(folder: Path) -> None:
    (folder / "custom_generate").mkdir()
    shutil.copy(folder / "evil.py", folder / "custom_generate" / "generate.py")


def maps(**classes: Any) -> dict[str, Any]:
    return {"auto_map": classes}


OWN = "evil.EvilModel"
PROCESSOR, WORDS, PICTURES = "processor_config.json", "tokenizer_config.json", "preprocessor_config.json"
CLIP = ("open_clip_config.json", "model_cfg")
# what a folder asks for: which model, the change to its files, what the refusal names
ASKS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "configuration": ("git", edited("config.json", maps(AutoConfig=OWN, AutoModelForCausalLM=OWN)), "config.json"),
    "configuration of SAM 2": ("sam2", edited("config.json", maps(AutoConfig=OWN, AutoModel=OWN)), "config.json"),
    "configuration of a part": (
        "blip2", edited("config.json", maps(AutoModelForCausalLM=OWN), "text_config"), "config.json",
    ),
    "unknown model type": ("git", edited("config.json", {"model_type": "evil"} | maps(AutoConfig=OWN)), "'evil'"),
    "unknown model type of a part": ("blip2", edited("config.json", {"model_type": "evil"}, "text_config"), "evil"),
    "processor": ("git", edited(PROCESSOR, maps(AutoProcessor="evil.EvilProcessor")), PROCESSOR),
    "processor of a matcher": ("itc", edited(PROCESSOR, maps(AutoProcessor="evil.EvilProcessor")), PROCESSOR),
    "processor, in the tokenizer's file": ("git", edited(WORDS, maps(AutoProcessor="evil.EvilProcessor")), WORDS),
    "image processor": ("git", edited(PROCESSOR, maps(AutoImageProcessor=OWN), "image_processor"), PROCESSOR),
    "image processor of its own file": (
        "git", edited(PICTURES, {"image_processor_type": "EvilProcessor"} | maps(AutoImageProcessor=OWN)), PICTURES,
    ),
    "image processor of SAM 2": (
        "sam2", edited(PICTURES, maps(AutoImageProcessor=OWN)), PICTURES,
    ),
    "video processor": (
        "sam2", edited(f"video_{PICTURES}", maps(AutoVideoProcessor=OWN)), f"video_{PICTURES}",
    ),
    "tokenizer": ("git", edited(WORDS, maps(AutoTokenizer=[None, "evil.EvilTokenizer"])), WORDS),
    "tokenizer of BLIP-2": ("blip2", edited(WORDS, maps(AutoTokenizer=["evil.EvilTokenizer", None])), WORDS),
    "tokenizer of a CLIP": ("clip", edited(WORDS, maps(AutoTokenizer=[None, "evil.EvilTokenizer"])), WORDS),
    "tokenizer of a CLIP, as a list": ("clip", edited(WORDS, {"auto_map": [None, "evil.EvilTokenizer"]}), WORDS),
    "tokenizer class": ("git", edited(WORDS, {"tokenizer_class": "EvilTokenizer"}), "EvilTokenizer"),
    "tokenizer class that loads a model": ("git", edited(WORDS, {"tokenizer_class": "AutoModel"}), "AutoModel"),
    "processor class that looks again": ("git", edited(PROCESSOR, {"processor_class": "AutoTokenizer"}), PROCESSOR),
    "another repository's": ("clip", edited(WORDS, maps(AutoTokenizer=[None, "evil/repo--evil.EvilTokenizer"])), WORDS),
    "its own generate": ("git", with_generate, "custom_generate"),
    "its own generate, by name": ("git", edited("generation_config.json", {"custom_generate": "evil/x"}), "generat"),
    "its own pipeline": ("git", edited("config.json", {"custom_pipelines": {"x": {"impl": "evil.X"}}}), "config.json"),
    "a kernel": ("git", edited("config.json", {"_attn_implementation": "evil/attention"}), "config.json"),
    "another model's sounds": (
        "git", edited(PROCESSOR, {"audio_tokenizer_class": "AutoModel"}, "audio_tokenizer"), PROCESSOR,
    ),
    "an adapter": ("git", edited("adapter_config.json", {"base_model_name_or_path": "/tmp/x"}), "adapter_config.json"),
    "options of a CLIP's tokenizer": (
        "clip", edited(CLIP[0], {"trust_remote_code": True}, CLIP[1], "text_cfg", "tokenizer_kwargs"), "trust_remote",
    ),
    "a CLIP's text tower": ("clip", edited(CLIP[0], {"hf_model_name": "."}, CLIP[1], "text_cfg"), "hf_model_name"),
    "a CLIP's image tower": (
        "clip", edited(CLIP[0], {"timm_model_name": "local-dir:."}, CLIP[1], "vision_cfg"), "local-dir",
    ),
}  # fmt: skip
UNGUARDED = [
    "configuration of SAM 2", "configuration of a part", "unknown model type", "processor", "tokenizer of a CLIP",
    "tokenizer class that loads a model", "processor class that looks again", "another repository's",
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "gate"), [(c, "as it is") for c in ASKS] + [(c, "without the first gate") for c in UNGUARDED]
)
def test_a_folder_that_asks_for_code_is_refused_by_name(
    case: str, gate: str, sound: dict[str, Path], marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, change, named = ASKS[case]
    folder = shutil.copytree(sound[kind], marker.parent / kind)
    (folder / "evil.py").write_text(evil(marker))
    change(folder)
    asked: list[str] = []
    monkeypatch.setattr(builtins, "input", lambda text="": asked.append(text) or "y")
    if gate != "as it is":  # even then nothing is asked and nothing runs
        for module in ("folders", "clip"):
            monkeypatch.setattr(f"tasnb.models.{module}.require_no_code", lambda *_: None)
    try:
        LOAD[kind](folder, device="cpu")
        refused = None
    except Exception as error:
        refused = error
    assert not marker.exists()
    assert not asked
    assert "evil" not in sys.modules
    if gate == "as it is":
        assert isinstance(refused, UserError), repr(refused)
    if refused is not None:
        line = in_one_line(refused)
        assert line is not None
        assert "\n" not in line
        assert "trust_remote_code=True" not in line
        assert gate != "as it is" or (named in line and str(folder) in line), line


def test_the_folder_would_run_its_code_where_nobody_refuses(sound: dict[str, Path], marker: Path) -> None:
    """What the cases above stand on: the code is found, a "y" is enough, and it leaves its mark."""
    from transformers import AutoConfig

    folder = shutil.copytree(sound["git"], marker.parent / "git")
    (folder / "evil.py").write_text(evil(marker))
    ASKS["unknown model type"][1](folder)
    with folders.quiet(), pytest.raises(ValueError, match="trust_remote_code"):
        AutoConfig.from_pretrained(folder)  # would ask, but not here
    assert not marker.exists()
    with pytest.raises(AttributeError):  # of the class, which is no configuration: too late
        AutoConfig.from_pretrained(folder)
    assert marker.exists()


@pytest.mark.parametrize("kind", ["git", "clip"])
def test_what_asks_for_nothing_loads(kind: str, sound: dict[str, Path], marker: Path) -> None:
    folder = shutil.copytree(sound[kind], marker.parent / kind)
    (folder / "evil.py").write_text(evil(marker))  # that nothing names
    (folder / "chat_template.jinja").write_text("{{ cycler.__init__.__globals__.os.system('touch it') }}")
    edited("tokenizer_config.json", {"auto_map": {}, "processor_class": None})(folder)
    LOAD[kind](folder, device="cpu")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("BertTokenizer", True), ("BertTokenizerFast", True), ("GPT2TokenizerFast", True), ("T5Tokenizer", True),
        ("PreTrainedTokenizerFast", True), ("TokenizersBackend", True), ("CLIPFeatureExtractor", True),
        ("BlipImageProcessorFast", True), ("BlipImageProcessorPil", True), ("Sam2ImageProcessorFast", True),
        ("Sam2VideoVideoProcessor", True), ("Blip2Processor", True), ("GemmaTokenizer", True),
        ("EvilTokenizer", False), ("AutoTokenizer", False), ("AutoProcessor", False), ("pipeline", False),
        ("BertModel", False), ("os.system", False), (["BertTokenizer"], False), (7, False),
    ],
)  # fmt: skip
def test_names_of_classes_are_those_of_transformers_of_any_version(name: Any, is_known: bool) -> None:
    assert folders._is_vendors(name) is is_known


class Mark:
    """Leaves its mark when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("kind", ["sam", "clip", "albef", "git", "fastsam"])
@pytest.mark.parametrize("how", ["torch.save", "pickle"])
def test_a_pickle_runs_nothing(kind: str, how: str, checkpoints: Path, marker: Path) -> None:
    import torch

    if kind == "git":
        folder = shutil.copytree(checkpoints / "git", marker.parent / "git")
        next(folder.glob("*.safetensors")).unlink()
        path, attempt = folder / "pytorch_model.bin", lambda: HFCaptioner.load(folder, device="cpu")
    elif kind == "albef":
        (folder := marker.parent / "albef").mkdir()
        (folder / "vocab.txt").write_text("a\n")
        path, attempt = folder / "ALBEF.pth", lambda: load_matcher(folder, device="cpu")
    else:
        path = marker.parent / {"sam": "sam.pth", "clip": "clip.pt", "fastsam": "FastSAM-s.pt"}[kind]
        attempt = lambda: (load_matcher if kind == "clip" else load_proposer)(path, device="cpu")  # noqa: E731
    if how == "pickle":
        path.write_bytes(pickle.dumps({"a": Mark(marker)}))
    else:
        torch.save({"a": Mark(marker)}, path)
    with pytest.raises(UserError) as refused:
        attempt()
    assert not marker.exists()
    assert "weights_only" not in str(refused.value)
    pickle.loads(pickle.dumps(Mark(marker)))
    assert marker.exists()


def test_a_pipeline_that_lets_transformers_run_code_is_refused(toy_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(toy_folder / "spacy", tmp_path / "spacy")
    with open(folder / "config.cfg", "a") as file:
        file.write("\n[components.trf.model.transformer_config]\ntrust_remote_code = true\n")
    with pytest.raises(UserError, match=r"config\.cfg asks for code"):
        load_parser(folder)
