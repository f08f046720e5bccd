"""The artifact store: what comes back is what was computed, and only what changed is computed again."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import resource
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts, Models, Proposals
from tasnb.store import (
    DamagedEntry,
    DamagedEntryWarning,
    Store,
    StoreWarning,
    StoreWriteWarning,
    canonical,
    identity,
    key_of,
    pack,
    unpack,
)

STAGES = {
    "proposals",
    "crop_embeddings",
    "captions",
    "overall_caption",
    "caption_embeddings",
    "phrase_embeddings",
}
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 40), "blue": (30, 60, 230)}
BARRIER_SECONDS = 60


class ColourProposer:
    """A mask for each colour that the picture holds, black left out."""

    def __init__(self, fingerprint: str = "colours-1") -> None:
        self.fingerprint, self.calls = fingerprint, 0

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        self.calls += 1
        colours = np.unique(image_rgb.reshape(-1, 3), axis=0)
        colours = colours[colours.any(axis=1)]
        masks = np.array([(image_rgb == colour).all(axis=2) for colour in colours], dtype=bool)
        scores = 1 / (np.arange(len(masks)) + 3)
        return make_proposals(masks.reshape(-1, *image_rgb.shape[:2]), pred_iou=scores, source="colours")


class HashEncoder:
    """A unit row for each input, fixed by its bytes."""

    def __init__(self, fingerprint: str = "hash-1") -> None:
        self.fingerprint, self.image_calls, self.text_calls = fingerprint, 0, 0

    def _rows(self, inputs: list[bytes]) -> np.ndarray:
        seeds = [hashlib.sha256(self.fingerprint.encode() + data).digest()[:4] for data in inputs]
        rows = [np.random.default_rng(int.from_bytes(seed)).normal(size=8) for seed in seeds]
        return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(-1, 8)

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        self.image_calls += 1
        return self._rows([picture.tobytes() for picture in pictures])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.text_calls += 1
        return self._rows([text.encode() for text in texts])


class ColourCaptioner:
    """Says which channel is strongest."""

    def __init__(self, fingerprint: str = "says-1", noun: str = "square") -> None:
        self.fingerprint, self.noun, self.calls = fingerprint, noun, 0

    def caption(self, pictures: Sequence[np.ndarray]) -> tuple[str, ...]:
        self.calls += 1
        return tuple(f"a {list(COLOURS)[int(p.mean(axis=(0, 1)).argmax())]} {self.noun}" for p in pictures)


class NoSynonyms:
    def synsets(self, lemma: str, pos: str | None = None) -> list[Any]:
        return []


@pytest.fixture(scope="module")
def parser() -> Callable[[str], Any]:
    """A spaCy Doc of article, adjective, noun: all that ColourCaptioner says."""
    import spacy
    from spacy.tokens import Doc

    vocab = spacy.blank("en").vocab

    def parse(text: str) -> Doc:
        return Doc(vocab, words=text.split(), pos=["DET", "ADJ", "NOUN"], heads=[2, 2, 2], deps=["det", "amod", "ROOT"])

    return parse


@pytest.fixture
def models(parser: Callable[[str], Any]) -> Models:
    return Models(
        name="counting",
        proposer=ColourProposer(),
        encoder=HashEncoder(),
        captioner=ColourCaptioner(),
        parser=parser,
        wordnet=NoSynonyms(),
    )


@pytest.fixture
def image() -> np.ndarray:
    """Three colour fields on black, one of them small."""
    picture = np.zeros((60, 90, 3), dtype=np.uint8)
    picture[5:55, 2:50] = COLOURS["red"]
    picture[10:50, 55:85] = COLOURS["blue"]
    picture[20:25, 10:18] = COLOURS["green"]
    return picture


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def calls(models: Models) -> dict[str, int]:
    """Calls since the last time."""
    proposer, encoder, captioner = models.proposer, models.encoder, models.captioner
    assert isinstance(proposer, ColourProposer)
    assert isinstance(encoder, HashEncoder)
    assert isinstance(captioner, ColourCaptioner)
    counted = {
        "propose": proposer.calls,
        "images": encoder.image_calls,
        "texts": encoder.text_calls,
        "caption": captioner.calls,
    }
    proposer.calls = encoder.image_calls = encoder.text_calls = captioner.calls = 0
    return counted


def assert_same(a: ImageArtifacts, b: ImageArtifacts) -> None:
    """Bit for bit, types included."""
    for name in ("masks", "boxes_xyxy", "pred_iou", "stability_score"):
        assert_same_bits(getattr(a.proposals, name), getattr(b.proposals, name))
    assert a.proposals.source == b.proposals.source
    for name in ("crop_embeddings", "caption_embeddings"):
        assert getattr(a, name).keys() == getattr(b, name).keys()
        for style, rows in getattr(a, name).items():
            assert_same_bits(rows, getattr(b, name)[style])
    assert_same_bits(a.phrase_embeddings, b.phrase_embeddings)
    assert (a.image_id, a.size_hw, a.captions, a.overall_caption, a.phrases) == (
        b.image_id,
        b.size_hw,
        b.captions,
        b.overall_caption,
        b.phrases,
    )


def assert_same_bits(a: np.ndarray, b: np.ndarray) -> None:
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()


def files(store: Store) -> list[Path]:
    return sorted(store.root.rglob("*.safetensors"))


def entry(store: Store, stage: str) -> Path:
    (path,) = (store.root / stage).rglob("*.safetensors")
    return path


def put(store: Store, name: str, value: Any) -> Any:
    return store.memo("texts", name, "model", {}, lambda: value)


# what a recall returns, and what it runs


def test_recall_without_a_store_with_a_cold_and_with_a_warm_one_are_the_same(image, models, store) -> None:
    plain = tn.describe(image, models)
    cold = store.recall(tn.describe, image, models)
    calls(models)
    warm = store.recall(tn.describe, image, models)
    assert calls(models) == {"propose": 0, "images": 0, "texts": 0, "caption": 0}
    assert_same(plain, cold)
    assert_same(plain, warm)
    assert warm.captions["blur"] == ("a green square", "a blue square", "a red square")
    assert len(warm.phrase_embeddings) == len(warm.phrases) == 1


def test_a_second_store_object_on_the_same_folder_is_warm(image, models, store) -> None:
    cold = store.recall(tn.describe, image, models, image_id="mine")
    calls(models)
    other = Store(store.root)
    assert_same(cold, other.recall(tn.describe, image, models, image_id="mine"))
    assert not any(calls(models).values())


def test_the_stages_are_one_entry_each_and_info_counts_them(image, models, store) -> None:
    store.recall(tn.describe, image, models)
    store.recall(tn.describe, image, models)
    info = store.info()
    assert set(info.stages) == STAGES
    assert (info.entries, info.hits, info.misses) == (6, 6, 6)
    assert info.bytes == sum(path.stat().st_size for path in files(store))
    assert all((s.entries, s.hits, s.misses) == (1, 1, 1) for s in info.stages.values())
    assert "captions" in str(info)
    assert "no bound" in str(info)


def other_encoder(models: Models) -> Models:
    return replace(models, encoder=HashEncoder("hash-2"))


def other_captioner(models: Models) -> Models:
    return replace(models, captioner=ColourCaptioner("says-2", noun="patch"))


def same_words_captioner(models: Models) -> Models:
    return replace(models, captioner=ColourCaptioner("says-3"))


def same_masks_proposer(models: Models) -> Models:
    return replace(models, proposer=ColourProposer("colours-2"))


@pytest.mark.parametrize(
    ("change", "variant", "runs"),
    [
        pytest.param(lambda m: m, "paper", {}, id="nothing changed"),
        pytest.param(other_encoder, "paper", {"images": 1, "texts": 2}, id="another CLIP re-embeds only"),
        pytest.param(other_captioner, "paper", {"caption": 2, "texts": 2}, id="another captioner re-captions only"),
        pytest.param(same_words_captioner, "paper", {"caption": 2}, id="the same captions need no new embeddings"),
        pytest.param(same_masks_proposer, "paper", {"propose": 1}, id="the same masks need nothing else"),
        pytest.param(
            lambda m: m, "official", {"images": 1, "caption": 1, "texts": 2}, id="official: filter, blur, prompt"
        ),
        pytest.param(
            lambda m: m,
            replace(tn.PAPER, name="bleed", p_crop=replace(tn.PAPER.p_crop, bleed=True)),
            {"caption": 1},
            id="another blur captions the proposals again, not the image",
        ),
        pytest.param(
            lambda m: m, replace(tn.PAPER, name="lam 1", weights=tn.types.Weights(lam=1.0)), {}, id="weights are free"
        ),
    ],
)
def test_only_what_changed_is_computed_again(image, models, store, change, variant, runs) -> None:
    store.recall(tn.describe, image, models)
    changed = change(models)
    expected = tn.describe(image, changed, variant=variant)
    calls(changed)
    assert_same(store.recall(tn.describe, image, changed, variant=variant), expected)
    assert calls(changed) == {"propose": 0, "images": 0, "texts": 0, "caption": 0} | runs


def test_alpha_and_lam_cost_no_stage(image, models, store) -> None:
    artifacts = store.recall(tn.describe, image, models)
    misses = store.info().misses
    for alpha in (0.1, 0.4):
        tn.tas(artifacts, "the red square", replace(models), alpha=alpha, use=("v", "p"))
    assert store.info().misses == misses


def test_one_changed_pixel_is_another_image(image, models, store) -> None:
    store.recall(tn.describe, image, models)
    image[0, 0] = (1, 0, 0)
    calls(models)
    store.recall(tn.describe, image, models)
    again = calls(models)
    assert {**again, "texts": 0} == {"propose": 1, "images": 1, "texts": 0, "caption": 2}
    assert again["texts"] <= 2, "the same words about another image are not encoded again"


def test_the_same_pixels_in_another_shape_are_another_image(models, store) -> None:
    tall = np.full((4, 2, 3), 90, dtype=np.uint8)
    wide = np.full((2, 4, 3), 90, dtype=np.uint8)
    assert store.recall(tn.describe, tall, models).size_hw == (4, 2)
    assert store.recall(tn.describe, wide, models).size_hw == (2, 4)


def test_an_image_without_proposals_is_recalled_too(models, store) -> None:
    black = np.zeros((7, 5, 3), dtype=np.uint8)
    cold = store.recall(tn.describe, black, models)
    warm = store.recall(tn.describe, black, models)
    assert_same(cold, warm)
    assert warm.proposals.masks.shape == (0, 7, 5)


def test_a_failing_model_stores_nothing_and_its_error_comes_through(store) -> None:
    def broken() -> str:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        store.memo("captions", "image", "model", {}, broken)
    assert not store.root.exists()


def test_recall_refuses_a_function_without_memo_and_a_value_it_cannot_keep(image, models, store) -> None:
    with pytest.raises(TypeError, match=r"memo option, such as tn\.describe; as_rgb has none"):
        store.recall(tn.as_rgb, image, models)
    with pytest.raises(TypeError, match="keeps array, proposals, text, texts, got dict"):
        put(store, "a", {"a": 1})


# keys


def test_equal_configs_have_one_key_and_every_part_counts() -> None:
    assert canonical({"b": 1, "a": (1, 2)}) == canonical({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
    base = ("captions", "image", "model", {"crop": tn.PAPER.p_crop})
    changes = [
        ("crops", *base[1:]),
        (base[0], "other", *base[2:]),
        (*base[:2], "other", base[3]),
        (*base[:3], {"crop": tn.OFFICIAL.p_crop}),
    ]
    keys = {key_of(identity(*each)) for each in [base, base, *changes]}
    assert len(keys) == 5
    assert all(len(key) == 64 for key in keys)


def test_a_key_refuses_what_differs_from_run_to_run() -> None:
    with pytest.raises(TypeError, match="plain values"):
        canonical({"model": object()})
    with pytest.raises(ValueError, match=r"lower-case letters and underscores, got '\.\./up'"):
        identity("../up", "image", "model", {})


# bytes


def awkward_arrays() -> list[np.ndarray]:
    nans = np.array([0x7FC00001, 0xFFC00002, 0x80000000], dtype=np.uint32).view(np.float32)
    return [
        nans,
        np.zeros((0, 512), np.float32),
        np.arange(12, dtype=np.int64).reshape(3, 4).T,
        np.linspace(0, 1, 7).astype(np.float16)[::2],
        np.array(2.5),
        np.array([True, False]),
    ]


@pytest.mark.parametrize("array", awkward_arrays(), ids=lambda a: f"{a.dtype}{a.shape}")
def test_an_array_comes_back_bit_for_bit(array: np.ndarray) -> None:
    value, found = unpack(pack(array, "who"))
    assert_same_bits(value, array)
    assert found == "who"


@pytest.mark.parametrize("value", ["", "a dog", ("",), (), ("two\nlines", "emoji 🐕", "\udc80", '"quoted"', "\0")])
def test_texts_come_back_as_they_were(value: str | tuple[str, ...]) -> None:
    assert unpack(pack(value, "who")) == (value, "who")


def test_equal_values_give_equal_files() -> None:
    proposals = make_proposals(np.eye(4, dtype=bool).reshape(1, 4, 4), source="eye")
    assert len({pack(proposals, "who") for _ in range(20)}) == 1


@pytest.mark.parametrize(
    "value",
    [
        ("a dog", "a cat"),
        np.arange(3, dtype=np.float32),
        make_proposals(np.eye(4, dtype=bool).reshape(1, 4, 4), source="eye"),
    ],
    ids=["texts", "array", "proposals"],
)
def test_no_flipped_byte_and_no_truncation_gets_through(value: Any) -> None:
    """Every byte of the file, three ways, and every length is refused."""
    data = pack(value, "who")
    for place in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[place] ^= flip
            with pytest.raises(DamagedEntry):
                unpack(bytes(damaged))
    for length in range(len(data)):
        with pytest.raises(DamagedEntry):
            unpack(data[:length])


# damage


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 4
    path.write_bytes(bytes(data))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def swap(path: Path) -> None:
    path.write_bytes(pack("a whole entry of something else", identity("captions", "image", "model", {})))


@pytest.mark.parametrize("damage", [truncate, flip, empty, swap])
@pytest.mark.parametrize("stage", ["proposals", "crop_embeddings"])
def test_a_damaged_entry_is_found_reported_once_recomputed_and_replaced(image, models, store, stage, damage) -> None:
    cold = store.recall(tn.describe, image, models)
    path = entry(store, stage)
    whole = path.read_bytes()
    damage(path)
    (found,) = store.verify()
    assert (found.path, found.stage) == (path, stage)
    assert found.reason
    calls(models)
    with pytest.warns(DamagedEntryWarning, match="is damaged: .*computed again and replaced") as caught:
        again = store.recall(tn.describe, image, models)
    assert len(caught) == 1
    assert_same(cold, again)
    assert sum(calls(models).values()) == 1
    assert path.read_bytes() == whole
    assert store.verify() == []
    assert_same(cold, store.recall(tn.describe, image, models))


def test_damage_that_cannot_be_repaired_is_reported_once_and_the_result_is_right(store) -> None:
    put(store, "a", "text")
    path = entry(store, "texts")
    path.unlink()
    path.mkdir()  # neither readable as a file nor replaceable by one, for any user
    with pytest.warns() as caught:
        assert [put(store, "a", "text") for _ in range(3)] == ["text"] * 3
    assert sorted(w.category.__name__ for w in caught) == ["DamagedEntryWarning", "StoreWriteWarning"]


# stores that cannot be written


def test_a_store_below_a_file_gives_one_warning_and_the_results(tmp_path, image, models) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file" / "store")
    with pytest.warns(StoreWriteWarning, match="cannot write to the store .*make room") as caught:
        results = [store.recall(tn.describe, image, models) for _ in range(2)]
    assert len(caught) == 1
    assert_same(*results)
    assert store.info().entries == 0
    assert store.verify() == []
    assert store.prune(0) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders; the test above covers the path")
def test_a_read_only_store_still_serves(store) -> None:
    put(store, "a", "kept")
    folders = [store.root, *(path for path in store.root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert put(store, "a", "never asked") == "kept"
        with pytest.warns(StoreWriteWarning):
            assert put(store, "b", "new") == "new"
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_write_that_the_system_cuts_short_leaves_no_file(store) -> None:
    """The file-size limit stops a write half way, as a full disk does."""
    put(store, "small", "fits")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.warns(StoreWriteWarning, match="cannot write"):
            large = put(store, "large", np.zeros(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert large.shape == (100_000,)
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 1
    assert store.verify() == []


# size


def test_the_least_recently_used_go_first(store) -> None:
    paths = []
    for number, name in enumerate("abcd"):
        put(store, name, name)
        (new,) = set(files(store)) - set(paths)
        paths.append(new)
        os.utime(new, ns=(0, 1_000_000_000 * (number + 1)))
    assert put(store, "a", "never asked") == "a"  # now the most recently used
    size = store.info().bytes // 4
    assert store.prune(2 * size) == 2
    assert set(files(store)) == {paths[0], paths[3]}
    assert store.prune(0) == 2
    assert store.info().entries == 0


def test_a_bounded_store_stays_below_its_bound_and_keeps_the_newest(tmp_path) -> None:
    store = Store(tmp_path, max_bytes=20_000)
    for number in range(60):
        put(store, str(number), np.full(200, number))
        assert store.info().bytes <= 20_000
    assert store.info().entries >= 5
    assert put(store, "59", "never asked")[0] == 59


def test_an_entry_larger_than_the_bound_is_returned_and_said(tmp_path) -> None:
    store = Store(tmp_path, max_bytes=1000)
    put(store, "small", "kept")
    with pytest.warns(StoreWriteWarning, match="exceeds max_bytes=1000"):
        assert put(store, "large", np.zeros(1000)).shape == (1000,)
    assert store.info().entries == 1


def test_a_bound_below_nothing_is_refused(store) -> None:
    with pytest.raises(ValueError, match="expected 0 or more bytes, got -1"):
        Store(store.root, max_bytes=-1)
    with pytest.raises(ValueError, match="got -5"):
        store.prune(-5)


def test_prune_touches_only_the_stores_own_files(store) -> None:
    put(store, "a", "text")
    folder = entry(store, "texts").parent
    own = ["notes.txt", "texts/notes.txt", f"texts/{folder.name}/model.safetensors", "My.Photos/ab/x.safetensors"]
    for name in own:
        (store.root / name).parent.mkdir(parents=True, exist_ok=True)
        (store.root / name).write_text("mine")
    old = folder / f".{'0' * 64}.12ab.tmp"
    young = folder / f".{'1' * 64}.12ab.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert store.verify() == []
    assert store.prune(0) == 1
    assert all((store.root / name).read_text() == "mine" for name in own)
    assert not old.exists()
    assert young.exists()  # another process may be writing it


# opening, sharing


@pytest.mark.parametrize("part", ["stage", "fan", "entry", "pipe"])
def test_nothing_goes_through_a_link_in_a_store(store, tmp_path, part) -> None:
    put(store, "a", "kept")
    path = entry(store, "texts")
    place = {"stage": path.parent.parent, "fan": path.parent}.get(part, path)
    outside = tmp_path / "outside" / place.name
    outside.parent.mkdir()
    place.rename(outside)
    if part == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(outside)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in outside.parent.rglob("*.safetensors")}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert put(store, "a", "computed") == "computed"
        assert store.info().entries == store.prune(0) == 0
        assert store.verify() == []
    (warned,) = caught
    assert issubclass(warned.category, StoreWarning)
    assert f"{place} is a link, or no regular file: nothing is read, kept or removed there" in str(warned.message)
    assert {
        file: (file.read_bytes(), file.stat().st_mtime_ns) for file in outside.parent.rglob("*.safetensors")
    } == before
    assert place.is_symlink() == (part != "pipe")


def test_the_store_itself_may_be_a_link(store, tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = Store(tmp_path / "link")
    assert [put(linked, "a", text) for text in ("kept", "never asked")] == ["kept", "kept"]
    assert linked.prune(0) == 1


def test_opening_touches_nothing_and_the_folder_appears_with_the_first_write(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "cache"))
    store = tn.Store()
    assert store.root == tmp_path / "cache" / "artifacts"
    assert store.info().entries == 0
    assert not store.root.exists()
    put(store, "a", "text")
    assert files(store)
    monkeypatch.delenv("TASNB_CACHE")
    assert tn.Store().root.parts[-2:] == ("tasnb", "artifacts")


def test_a_store_travels_to_another_process(store) -> None:
    """Ray sends it to its workers; the entries themselves are never pickled."""
    put(store, "a", "text")
    there = pickle.loads(pickle.dumps(store))
    assert put(there, "a", "never asked") == "text"


def share(root: Path, barrier: Any, results: Any) -> None:
    """Ask for 40 values in the company of another process; count the wrong answers and the warnings."""
    store, wrong = Store(root), 0
    barrier.wait(BARRIER_SECONDS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            for number in range(40):
                wrong += int(put(store, str(number), np.full(500, number))[0] != number)
    results.put((wrong, len(caught)))


def write_for_ever(root: Path, started: Any) -> None:
    store = Store(root)
    for number in range(1_000_000):
        put(store, str(number), np.full(20_000, number))
        started.set()


def test_two_processes_share_a_store(tmp_path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(2), spawn.Queue()
    pair = [spawn.Process(target=share, args=(tmp_path, barrier, results)) for _ in range(2)]
    for process in pair:
        process.start()
    assert [results.get(timeout=BARRIER_SECONDS) for _ in pair] == [(0, 0), (0, 0)]
    for process in pair:
        process.join(BARRIER_SECONDS)
        assert process.exitcode == 0
    store = Store(tmp_path)
    assert store.info().entries == 40
    assert store.verify() == []
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".tmp"]


def test_a_killed_writer_leaves_no_damaged_entry(tmp_path) -> None:
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Event()
    process = spawn.Process(target=write_for_ever, args=(tmp_path, started))
    process.start()
    assert started.wait(BARRIER_SECONDS)
    time.sleep(0.05)
    process.kill()
    process.join(BARRIER_SECONDS)
    store = Store(tmp_path)
    assert store.info().entries > 0
    assert store.verify() == []
