"""How fast ``explore`` follows, measured in the page: ranking 200 masks again, hovering over 60 masks at 640 x 480.

    python -m tests.benchmarks.bench_viewers

Bound: 16 ms for ranking again, one frame at 60 Hz. "again": one event of the slider, with the new ranking, the table
of 200 rows and the photo brought up to date, and the layout it causes. "ranking alone": static/ranking.js.
"""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np

from tasnb.core.masks import make_proposals
from tasnb.core.types import ImageArtifacts, NegativePhrase, Negatives, Parse, ScoreTable
from tasnb.pipeline.variant import VARIANTS
from tasnb.viewers import assets, record
from tasnb.viewers.record import Reading, Settings

FRAME = 16.0  # ms
SIZE_HW = (480, 640)

AGAIN = """async () => {
  const slider = document.querySelector(".tn-slider input"), took = [];
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  for (let k = 0; k < 60; k += 1) {
    slider.value = (k % 2 ? 0.05 : 0.95) + k / 1000;
    const from = performance.now();
    slider.dispatchEvent(new Event("input"));
    document.querySelector(".tn-explorer").getBoundingClientRect();  // the layout belongs to it
    took.push(performance.now() - from);
    await frame();
  }
  return took.slice(5);
}"""
HOVER = """async () => {
  const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect(), took = [], frames = [];
  const frame = () => new Promise(done => requestAnimationFrame(done));
  let last = await frame();
  for (let k = 0; k < 240; k += 1) {
    const [x, y] = [(k * 0.61803) % 1, (k * 0.41421) % 1];
    const at = { clientX: box.left + box.width * x, clientY: box.top + box.height * y };
    const from = performance.now();
    canvas.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true }));
    took.push(performance.now() - from);
    const now = await frame();
    frames.push(now - last);
    last = now;
  }
  return [took.slice(20), frames.slice(20)];
}"""
ALONE = """async ([reading, settings]) => {
  const took = [];
  for (let k = 0; k < 200; k += 1) {
    const from = performance.now();
    for (let j = 0; j < 10; j += 1) window.rank(reading, { ...settings, alpha: k / 200 + j / 2000 });
    took.push((performance.now() - from) / 10);
  }
  return took.slice(20);
}"""


def scene(count: int, *, variant: str) -> tuple[dict[str, Any], dict[str, Any], Settings]:
    """Blobs of SAM's kind: many small, some large, overlapping; scores from a seed."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    masks = np.zeros((count, *SIZE_HW), dtype=bool)
    for mask in masks:
        y, x = rng.uniform(0, SIZE_HW[0]), rng.uniform(0, SIZE_HW[1])
        reach, wave = rng.uniform(12, 120), rng.uniform(0, 6, 3)
        turn = np.arctan2(ys - y, xs - x)
        rim = reach * (1 + 0.2 * np.sin(3 * turn + wave[0]) + 0.1 * np.sin(11 * turn + wave[1]))
        mask[:] = np.hypot(ys - y, xs - x) < rim
    artifacts = ImageArtifacts(
        image_id="bench", size_hw=SIZE_HW, proposals=make_proposals(masks, source="bench"), crop_embeddings={},
        captions={"blur": tuple(f"a thing of kind {i}" for i in range(count))}, caption_embeddings={},
        overall_caption="many things",
    )  # fmt: skip
    v, p, n = (rng.uniform(-0.5, 0.5, count) for _ in range(3))
    chosen = VARIANTS[variant]
    table = ScoreTable(v=v, p=p, n=n, kept=np.ones(count, dtype=bool), weights=chosen.weights)
    parse = Parse(text="the left thing", head=None, directions=("left",), direction_words=("left",))
    phrase = NegativePhrase(text="grass", lemma="grass", kept=True, reason="not the subject")
    reading = Reading(
        variant=chosen, parse=parse, negatives=Negatives(caption="many things", phrases=(phrase,)), table=table
    )
    photo = rng.integers(0, 255, (*SIZE_HW, 3), dtype=np.uint8)
    sent = record.reading_record(parse.text, {variant: reading}, {}, artifacts)
    return record.scene_record(photo, artifacts, masks[0], "bench"), sent, Settings(variant=variant)


def open_page(browser: Any, made: tuple[dict[str, Any], dict[str, Any], Settings]) -> Any:
    shown, reading, settings = made
    data = {"scene": shown, "reading": reading, "settings": settings.to_json(), "selected": 0}
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    body = f"<style>{assets.style()}</style>{assets.fragment('explore', data, key='bench')}"
    page.set_content(f"<!doctype html><body>{body}<script type=module>{assets.runner('explore')}</script></body>")
    page.wait_for_selector(".tn-explorer canvas")
    page.wait_for_timeout(1000)
    return page


def told(name: str, took: list[float], bound: float | None = FRAME) -> str:
    median, high = np.percentile(took, [50, 95])
    against = f"   {median / bound:.2f} of the {bound:g} ms allowed (95 %: {high / bound:.2f})" if bound else ""
    return f"{name:<52} median {median:6.2f} ms   95 % {high:6.2f} ms{against}"


def main() -> None:
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for variant in VARIANTS:
            made = scene(200, variant=variant)
            page = open_page(browser, made)
            page.add_script_tag(type="module", content=assets.source("ranking") + "window.rank = rank;")
            page.wait_for_function("!!window.rank")
            print(told(f"ranking alone, 200 masks, {variant}", page.evaluate(ALONE, [made[1], made[2].to_json()])))
            print(told(f"again: ranking, table, photo, 200 masks, {variant}", page.evaluate(AGAIN)))
            page.close()
        page = open_page(browser, scene(60, variant="paper"))
        took, frames = page.evaluate(HOVER)
        print(told("hover, 60 masks at 640 x 480: the event", took))
        print(told("hover, 60 masks at 640 x 480: frame to frame", frames, None))
        browser.close()


if __name__ == "__main__":
    main()
