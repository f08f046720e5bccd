"""What the leaderboard page shows: several models on one split, and the sentences that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tasnb import analysis, plots
from tasnb.core.images import as_rgb, jpeg_uri, resized
from tasnb.evaluation.samples import RunSamples
from tasnb.report.galleries import LONGEST

AN_ENTRY, CORE = 4, 8  # cards of the sentences that one entry alone gets right, and of those that all miss


def of_board(board: analysis.Leaderboard) -> dict[str, Any]:
    """What the template ``leaderboard`` is filled with."""
    cards, core = _Cards(board), board.missed_by_all()
    alone = []
    for at, name in enumerate(board.names):
        ids = board.only(name)
        alone.append({"name": name, "ids": ids, "cases": cards.of(ids[:AN_ENTRY], at)})
    types = board.by_type()
    shown: dict[str, Any] = {
        "board": board,
        "data": "{name} {split}".format(**board.entries[0].run.about["dataset"]),
        "gres": "nacc" in board.table,
        "table": board.table.to_dict("records"),
        "heat": plots.pixels_of(plots.leaderboard_heatmap(board)) if len(board.causes()) else None,
        "questions": board.entries[0].found.causes,
        "alone": alone,
        "core": {"ids": core, "cases": cards.of(_one_a_picture(core, board)[:CORE])},
        "types": [{**row, "best": max(row[name] for name in board.names)} for row in types.to_dict("records")],
        "hardest": _hardest(types),
        "minded": board.notes(),
    }
    return shown | {"missing": cards.missing}


def _hardest(types: Any) -> dict[str, Any] | None:
    """The type of at least 20 sentences of which most are missed by all."""
    rows = [row for row in types.to_dict("records") if row["type"] != "all" and row["n"] >= 20]
    return max(rows, key=lambda row: row["missed"], default=None)


def _one_a_picture(sample_ids: Sequence[str], board: analysis.Leaderboard) -> list[str]:
    frame = board.entries[0].found.frame
    image_of = dict(zip(frame["sample_id"], frame["image_id"], strict=True))
    first = {image_of[id_]: id_ for id_ in reversed(sample_ids)}
    return [id_ for id_ in sample_ids if first[image_of[id_]] == id_]


class _Cards:
    """Sentences with their photo, and what every entry made of them; ``missing`` counts photos that cannot be read."""

    def __init__(self, board: analysis.Leaderboard) -> None:
        self._board, self.missing = board, 0
        self._behind = [RunSamples(entry.run) for entry in board.entries]
        self._frames = [entry.found.frame.set_index("sample_id", drop=False) for entry in board.entries]

    def of(self, sample_ids: Sequence[str], at: int | None = None) -> list[dict[str, Any]]:
        """Cards of these sentences; at: the entry whose answer is drawn, by default the best one's."""
        return [self._card(id_, at) for id_ in sample_ids]

    def _card(self, sample_id: str, at: int | None) -> dict[str, Any]:
        rows = [frame.loc[sample_id] for frame in self._frames]
        at = int(np.argmax([row["iou"] for row in rows])) if at is None else at
        names = self._board.names
        verdicts = [
            {"name": name, "iou": row["iou"], "cause": row["cause"] or "right"}
            for name, row in zip(names, rows, strict=True)
        ]
        said = {"expression": rows[at]["expression"], "sample_id": sample_id, "of": names[at], "verdicts": verdicts}
        return said | {"photo": self._photo(at, int(rows[at]["sample"]))}

    def _photo(self, at: int, number: int) -> str:
        """The photo with the target's rim and an entry's answer, as a data URI; "" where it cannot be read."""
        try:
            sample = self._behind[at].sample(number)
            answer = self._behind[at].answer(number, self._board.entries[at].method)
            drawn = plots.rims(as_rgb(sample.image), sample.target, answer, index=at)
        except (OSError, ValueError, LookupError):
            self.missing += 1
            return ""
        return jpeg_uri(resized(drawn, min(1, LONGEST / max(drawn.shape[:2]))))
