"""What the toy world draws: deterministic, anti-aliased, and with masks that say what is visible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toyworld.backgrounds import VARIANTS, backdrop
from toyworld.brush import PALETTE
from toyworld.compose import compose
from toyworld.render import ARTISTS, portrait, render, sprite
from toyworld.sheets import contact_sheet
from toyworld.world import BACKGROUNDS, COLOURS, KINDS, Scene, Thing

PEOPLE = ("man", "woman", "boy", "girl")


def a(kind: str, **looks: object) -> Thing:
    looks = {"colour": KINDS[kind].colours[0], "x": 128.0, "y": 220.0, "height": float(KINDS[kind].height)} | looks
    return Thing(kind=kind, **looks)  # type: ignore[arg-type]


def test_every_kind_has_an_artist_and_every_colour_a_paint() -> None:
    assert set(ARTISTS) == set(KINDS)
    assert set(PALETTE) == set(COLOURS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_colour_and_pattern_draws_something_inside_its_canvas(kind: str) -> None:
    for colour in KINDS[kind].colours:
        for pattern in KINDS[kind].patterns:
            for seed in range(3):
                rgba, _, _ = sprite(
                    a(kind, colour=colour, pattern=pattern, seed=seed, hat="red" if KINDS[kind].wears else None)
                )
                alpha = rgba[..., 3]
                assert (alpha >= 0.5).sum() > 250
                border = np.concatenate((alpha[0], alpha[:, 0], alpha[:, -1]))
                assert border.max() < 0.5, f"{colour} {pattern} {kind} is cut off by its own canvas"


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_changes_the_picture(kind: str) -> None:
    for pattern in KINDS[kind].patterns[1:]:
        plain, patterned = sprite(a(kind))[0], sprite(a(kind, pattern=pattern))[0]
        differ = np.abs(plain[..., :3] - patterned[..., :3]).max(-1)[plain[..., 3] > 0.9] > 25
        assert differ.mean() > 0.02


@pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k].family != "person"])
def test_the_named_colour_is_the_most_frequent_of_the_palette(kind: str) -> None:
    names = list(PALETTE)
    paints = np.array([PALETTE[n] for n in names], float)
    for colour in KINDS[kind].colours:
        rgba = sprite(a(kind, colour=colour))[0]
        pixels = rgba[rgba[..., 3] > 0.9][:, :3]
        nearest = np.linalg.norm(pixels[:, None] - paints[None], axis=-1).argmin(1)
        share = np.bincount(nearest, minlength=len(names)) / len(pixels)
        assert share[names.index(colour)] > 0.14, (colour, kind, dict(zip(names, share.round(2), strict=True)))


def test_the_height_is_kept() -> None:
    for kind in KINDS:
        alpha = sprite(a(kind, height=100.0))[0][..., 3]
        drawn = np.flatnonzero((alpha >= 0.5).any(1))
        least = 72 if kind == "balloon" else 88  # a balloon's string is too thin to count
        assert least <= np.ptp(drawn) + 1 <= 108, kind


def test_rendering_twice_gives_the_same_bytes() -> None:
    scene = compose(17)
    one, two = render(scene), render(scene)
    assert np.array_equal(one.image_rgb, two.image_rgb)
    assert np.array_equal(one.masks, two.masks)
    assert (one.image_rgb.shape, one.image_rgb.dtype) == ((256, 256, 3), np.uint8)
    assert (one.masks.shape, one.masks.dtype) == ((len(scene.things), 256, 256), bool)


def test_masks_are_disjoint_and_none_is_empty() -> None:
    for seed in range(20):
        masks = render(compose(seed)).masks
        assert masks.sum(0).max() <= 1
        assert masks.any((1, 2)).all()


def test_the_mask_covers_what_is_drawn() -> None:
    for kind in KINDS:
        thing = a(kind, flip=True, seed=5)
        empty = Scene(seed=0, background="snow", things=())
        picture = render(replace(empty, things=(thing,)))
        changed = np.abs(picture.image_rgb.astype(int) - render(empty).image_rgb.astype(int)).max(-1) > 90
        outside = changed & ~picture.masks[0]
        assert outside.sum() <= 0.06 * picture.masks[0].sum(), kind


def test_what_is_nearer_takes_the_pixels() -> None:
    tree, man = a("tree", y=200.0), a("man", y=230.0)
    both = render(Scene(seed=0, background="meadow", things=(tree, man)))
    alone = render(Scene(seed=0, background="meadow", things=(man,)))
    assert np.array_equal(both.masks[1], alone.masks[0])


def test_edges_are_anti_aliased_and_a_tenth_of_a_pixel_shows() -> None:
    alpha = sprite(a("ball"))[0][..., 3]
    soft = (alpha > 0.1) & (alpha < 0.9)
    assert 40 < soft.sum() < 400
    still, moved = (sprite(a("ball", x=128.0 + dx))[0][..., 3] for dx in (0.0, 0.4))
    assert 0 < np.abs(still - moved).max() < 0.75


def test_flipping_mirrors_the_outline() -> None:
    right, left = (sprite(a("car", flip=f))[0][..., 3] for f in (False, True))
    assert np.abs(right - left[:, ::-1]).mean() < 0.02


def test_people_are_told_apart_by_their_outlines() -> None:
    shapes = {}
    for kind in PEOPLE:
        alpha = sprite(a(kind, height=60.0))[0][..., 3] >= 0.5
        rows = np.flatnonzero(alpha.any(1))
        widths = alpha[rows[0] : rows[-1] + 1].sum(1)
        head = widths[: len(widths) // 3].max()
        hem = widths[int(len(widths) * 0.72)]
        shapes[kind] = (head / len(widths), hem / widths.max())
    assert min(shapes["boy"][0], shapes["girl"][0]) > max(shapes["man"][0], shapes["woman"][0]) - 0.05
    assert shapes["woman"][1] > shapes["man"][1]


@pytest.mark.parametrize("background", [*BACKGROUNDS, "black", "white", "gray", "red"])
def test_a_portrait_fills_its_frame(background: str) -> None:
    for kind in ("man", "car", "kite"):
        picture = portrait(a(kind), background=background, size=64, seed=3)
        assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)
        assert np.array_equal(picture, portrait(a(kind), background=background, size=64, seed=3))
    if background not in BACKGROUNDS:
        for seed in range(12):
            picture = portrait(a("car", colour="green"), background=background, seed=seed).astype(int)
            columns = np.flatnonzero((np.abs(picture - picture[0, 0]).max(-1) > 12).any(0))
            assert 0.66 * 64 <= np.ptp(columns) + 1 <= 0.97 * 64


def test_neighbours_look_in_and_blur_softens_only_the_background() -> None:
    thing = a("apple")
    plain = portrait(thing, background="white", seed=1)
    company = portrait(thing, background="white", seed=1, neighbours=(a("man"), a("car")))
    assert (np.abs(plain.astype(int) - company).max(-1) > 30).mean() > 0.01
    sharp, soft = (portrait(thing, background="street", seed=8, blur_background=s).astype(int) for s in (0, 3))
    corner = (slice(0, 10), slice(None))
    assert np.abs(np.diff(soft[corner], axis=1)).mean() <= np.abs(np.diff(sharp[corner], axis=1)).mean()


def test_backdrops_differ_and_are_read_only() -> None:
    seen = {backdrop(name, v).tobytes() for name in BACKGROUNDS for v in range(VARIANTS)}
    assert len(seen) == len(BACKGROUNDS) * VARIANTS
    with pytest.raises(ValueError):
        backdrop("meadow", 0)[0, 0] = 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: portrait(a("man"), background="moon", seed=0), "choose a colour"),
        (lambda: backdrop("moon", 0), "choose from meadow"),
        (lambda: sprite(a("banana", colour="blue")), "choose from yellow, green"),
        (lambda: sprite(Thing(kind="yeti", colour="white", x=0, y=0, height=50)), "choose from man"),
        (lambda: contact_sheet([], 3), "at least one"),
    ],
    ids=["portrait background", "backdrop", "colour", "kind", "empty sheet"],
)
def test_a_wrong_name_lists_the_choices(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        call()
