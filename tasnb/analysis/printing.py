"""Tables of an analysis for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasnb.analysis.breakdowns import CUTS
from tasnb.analysis.causes import CAUSES
from tasnb.analysis.comparing import Flips

if TYPE_CHECKING:
    import pandas as pd

SHOWN_FLIPS = 10


def prices_text(table: pd.DataFrame, samples: int) -> str:
    """What ``prices`` gave: causes by failures, with what curing each alone would regain."""
    rows = table.to_dict("records")
    total = rows[-1]["failures"]
    lines = [
        f"{total} of {samples} answers failed" + (f" ({100 * total / samples:.1f} %)." if samples else "."),
        "Points regained if that cause alone were cured, with 95 % intervals:",
        f"{'cause':<12} {'stage':<11} {'failures':>8} {'share':>7}  {'mIoU':>6} {'interval':<16}  {'oIoU':>6} interval",
    ]
    for row in rows:
        if row["cause"] != "all" and not row["failures"]:
            continue
        lines.append(
            f"{row['cause']:<12} {row['stage']:<11} {row['failures']:>8} {row['share']:6.1f}%  {_gain(row, 'miou')}  "
            f"{_gain(row, 'oiou')}".rstrip()
        )
    absent = [name for name in CAUSES if not any(r["cause"] == name and r["failures"] for r in rows)]
    if absent and total:
        lines.append(f"no failure by: {', '.join(absent)}")
    return "\n".join(lines)


def overlap_text(table: pd.DataFrame) -> str:
    """What ``overlap`` gave."""
    names = [name for name in CAUSES if table.at[name, name] or table.at[name, "primary"]]
    shown = table.loc[names, [*names, "only", "primary"]]
    head = "Causes counted independently (both would explain a failure; on the diagonal: how often at all):"
    return f"{head}\n{shown.to_string()}" if names else "No failure, so no overlap."


def ask_text(table: pd.DataFrame, by: str) -> str:
    """What ``ask`` gave."""
    rows = table.to_dict("records")
    width = max(len(by), *(len(row["group"]) for row in rows))
    lines = [
        CUTS[by],
        f"{by:<{width}} {'n':>6} {'right':>7} {'mIoU':>6} {'interval':<15} {'best':>6} {'failed':>7} {'costs':>6} "
        f"{'interval':<15} main cause",
    ]
    lines += [
        f"{row['group']:<{width}} {row['n']:>6} {row['accuracy']:6.1f}% {row['miou']:6.2f} "
        f"{_between(row['miou_low'], row['miou_high'], ''):<15} {row['oracle_miou']:6.2f} {row['failures']:>7} "
        f"{row['price']:6.2f} {_between(row['price_low'], row['price_high'], ''):<15} {row['main_cause']}".rstrip()
        for row in rows
    ]
    lines.append("best: mIoU of the best proposals; costs: points of the whole run's mIoU that these failures cost")
    return "\n".join(lines)


def flips_text(flips: Flips) -> str:
    """What ``compare_by`` gave: B - A group by group, and the first flips."""
    rows = flips.frame.to_dict("records")
    width = max(len(flips.by), *(len(row["group"]) for row in rows))
    lines = [
        f"{flips.by:<{width}} {'n':>6} {'A':>7} {'B':>7} {'B - A':>7}  {'95 % interval':<18} {'fixed':>6} {'broken':>7}"
    ]
    for row in rows:
        mark = "" if row["miou_low"] <= 0 <= row["miou_high"] else "  *"
        lines.append(
            f"{row['group']:<{width}} {row['n']:>6} {row['a_miou']:7.2f} {row['b_miou']:7.2f} {row['miou']:+7.2f}  "
            f"{_between(row['miou_low'], row['miou_high'], '+'):<18} {row['fixed']:>6} {row['broken']:>7}{mark}"
        )
    lines.append(
        "mIoU; fixed: failed in A, right in B; * the interval leaves 0 out, before any correction for many rows"
    )
    for row in flips.flipped.head(SHOWN_FLIPS).to_dict("records"):
        lines.append(f'{row["flip"]:<6} {row["sample_id"]} "{row["expression"]}": {row["cause"]}. {row["why"]}')
    if len(flips.flipped) > SHOWN_FLIPS:
        lines.append(f"... and {len(flips.flipped) - SHOWN_FLIPS} more; --json lists them all")
    return "\n".join([*lines, *(f"note: {note}" for note in flips.notes)])


def _gain(row: dict[str, float], metric: str) -> str:
    return f"{row[metric]:+6.2f} {_between(row[f'{metric}_low'], row[f'{metric}_high'], '+'):<16}"


def _between(low: float, high: float, sign: str) -> str:
    return f"[{low:{sign}.2f}, {high:{sign}.2f}]"
