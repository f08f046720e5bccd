"""``answer_view`` alone in a page: the answer, everything annotated, and what the one covers of the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tasnb as tn
from tests.browser.alone import serious, show


def test_an_answer_stands_beside_everything_annotated(page: Any, tmp_path: Path) -> None:
    run = tn.Run.shipped("toy", "reftoy", "testA")
    viewer = tn.viewers.answer_view(run, 7)
    frame = show(page, viewer, tmp_path)
    rows = frame.locator("tbody tr")
    assert rows.count() == len(viewer.instances) > 1
    assert frame.locator("td", has_text="meant").count() == 1
    row = run.predictions().query("sample == 7 and method == 'tas'").iloc[0]
    (meant,) = (each for each in viewer.instances if each["meant"])
    assert abs(meant["iou"] - row["iou"]) < 1e-9
    assert f"{row['iou']:.2f}" in frame.locator(".tn-verdict").inner_text()
    assert frame.locator(".tn-figures img").count() == 2
    assert all(frame.locator(".tn-figures img").evaluate_all("all => all.map(i => i.alt && i.naturalWidth)"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []
