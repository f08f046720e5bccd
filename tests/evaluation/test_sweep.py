"""Sweeps of stored scores: by hand, against a literal loop over ``spatial.rectify``, and against a real run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

import tasnb as tn
from tasnb import analysis, plots
from tasnb.cli import evaluation as commands
from tasnb.core.errors import UserError
from tasnb.core.types import DIRECTIONS, Parse, Weights, parse_to_json
from tasnb.evaluation import engine, metrics, parts, sweep
from tasnb.evaluation import reproduce as reproducing
from tasnb.evaluation.ablation import ablation, as_text, beside_paper, beside_text, plus_ablation
from tasnb.evaluation.reranking import Ranking, with_negatives
from tasnb.evaluation.runs import Run
from tasnb.pipeline.variant import OFFICIAL, PAPER, PLUS, VARIANTS
from tasnb.report.notebook import html_of
from tasnb.stages import spatial
from tasnb.store import canonical


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A run in memory."""

    about: dict[str, Any]
    predicted: pd.DataFrame
    scored: pd.DataFrame

    def predictions(self) -> pd.DataFrame:
        return self.predicted

    def scores(self) -> pd.DataFrame:
        return self.scored


Proposal = dict[str, Any]  # v, p, n, kept, cx, cy, area, intersection, union


def proposal(v: float, inter: int, union: int, *, p: float = 0.0, n: float = 0.0, **more: Any) -> Proposal:
    return {"v": v, "p": p, "n": n, "kept": True, "cx": 1.0, "cy": 1.0, "area": union, "intersection": inter,
            "union": union, **more}  # fmt: skip


USUAL = Weights()


def run_of(
    samples: Sequence[tuple[int, Sequence[Proposal]]],
    *,
    variant: str = "paper",
    protocol: str = "tas",
    directions: Sequence[str] | None = None,
    images: Sequence[str] | None = None,
    weights: Weights = USUAL,
) -> Tables:
    """samples: (target area, proposals)."""
    said = directions or [""] * len(samples)
    names = images or [f"image-{i}" for i in range(len(samples))]
    predicted = pd.DataFrame({
        "sample": range(len(samples)), "sample_id": [f"sample-{i}" for i in range(len(samples))],
        "image_id": list(names), "ref_id": [str(i) for i in range(len(samples))],
        "method": "tas", "proposals": [len(proposals) for _, proposals in samples],
        "target_area": [area for area, _ in samples], "directions": list(said),
        "parse": [parse_to_json(parse_of(words)) for words in said],
    })  # fmt: skip
    columns = ["sample", "image_id", "proposal", *proposal(0, 0, 0)]
    rows = [
        {"sample": i, "image_id": names[i], "proposal": k, **each}
        for i, (_, proposals) in enumerate(samples)
        for k, each in enumerate(proposals)
    ]
    about = {
        "dataset": {"name": "refcoco", "split": "val", "samples": len(samples), "spec": None}, "variant": variant,
        "protocol": protocol, "weights": {"alpha": weights.alpha, "lam": weights.lam}, "methods": ["tas"],
        "models": {"name": "none", "spec": None, "parts": {}}, "proposals": "sam",
    }  # fmt: skip
    return Tables(about=about, predicted=predicted, scored=pd.DataFrame(rows, columns=columns))


def parse_of(words: str) -> Parse:
    named = tuple(words.split())
    return Parse(text=words or "thing", head=None, directions=named, direction_words=named)  # type: ignore[arg-type]


def at(found: sweep.Sweep, alpha: float, lam: float) -> dict[str, float]:
    frame = found.frame
    return frame[(frame["alpha"] == alpha) & (frame["lam"] == lam)].iloc[0].to_dict()


# --- by hand -----------------------------------------------------------------------------------------------------

TWO = [
    # V alone takes the first, P the second, N the third
    (
        40,
        [
            proposal(0.9, 10, 50, p=0.1, n=-0.9),
            proposal(0.5, 30, 60, p=0.9, n=-0.5),
            proposal(0.4, 40, 40, p=0.2, n=0.0),
        ],
    ),
    (100, [proposal(0.2, 0, 120), proposal(0.3, 60, 100)]),
]


def test_a_grid_worked_by_hand() -> None:
    found = sweep.sweep(run_of(TWO, weights=Weights(alpha=0.0, lam=0.0)), alpha=[0.0, 1.0], lam=[0.0, 1.0])
    # sample 0: S at (0,0) .9 .5 .4; (1,0) 1.0 1.4 .6; (0,1) .0 .0 .4; (1,1) .1 .9 .6. sample 1 is always (60, 100)
    assert found.frame.to_dict("list") == {
        "alpha": [0.0, 0.0, 1.0, 1.0],
        "lam": [0.0, 1.0, 0.0, 1.0],
        "miou": pytest.approx(
            [100 * (0.2 + 0.6) / 2, 100 * (1 + 0.6) / 2, 100 * (0.5 + 0.6) / 2, 100 * (0.5 + 0.6) / 2]
        ),
        "oiou": pytest.approx([100 * 70 / 150, 100 * 100 / 140, 100 * 90 / 160, 100 * 90 / 160]),
        "pr50": [50.0, 100.0, 50.0, 50.0],
        "n": [2, 2, 2, 2],
    }
    assert found.best()["lam"] == 1.0
    assert found.gain is not None
    assert found.gain.value == pytest.approx(80 - 40), "with V alone sample 0 takes the first, IoU 0.2"
    assert found.gain.low <= 40 <= found.gain.high
    assert "+40.00 [" in found.text
    assert found.best("oiou")["oiou"] == pytest.approx(100 * 100 / 140)
    assert found.pivot("pr50").loc[0.0].tolist() == [50.0, 100.0]
    assert list(found.pivot().index) == [0.0, 1.0]


def test_a_tie_keeps_the_earlier_proposal() -> None:
    run = run_of([(9, [proposal(0.1, 0, 9), proposal(0.5, 3, 9), proposal(0.5, 9, 9)])])
    assert sweep.rerank(run)["chosen"].tolist() == [1]


def test_a_tie_in_the_grid_keeps_the_earlier_point() -> None:
    found = sweep.sweep(run_of([(9, [proposal(0.5, 3, 9)])]))
    assert (found.best()["alpha"], found.best()["lam"]) == (0.0, 0.0)


def test_what_the_rectifier_took_out_cannot_win() -> None:
    run = run_of([(9, [proposal(0.9, 9, 9, kept=False), proposal(0.1, 3, 9)])])
    assert sweep.rerank(run)["chosen"].tolist() == [1]
    assert sweep.rerank(run, rectified=False)["chosen"].tolist() == [0]


def test_the_default_grid_is_table_3s() -> None:
    found = sweep.sweep(run_of(TWO))
    assert len(found.frame) == 25
    assert len(found.against_paper()) == 9
    assert found.against_paper()["paper_miou"].max() == 39.97
    assert "39.84" in found.text


# first: a good answer; second: an image without proposals; third: IoU exactly one half; fourth: nothing of nothing
UNITS = [(10, [proposal(0.1, 9, 10)]), (10, []), (10, [proposal(0.1, 5, 10)]), (0, [proposal(0.1, 0, 0)])]
FIGURES = {
    "tas": (100 * 1.4 / 4, 100 * 14 / 30, 25.0, 4),
    "global-local": (100 * 1.4 / 3, 100 * 14 / 20, np.nan, 3),
    "lavt": (100 * 1.4 / 4, 100 * 14 / 30, 50.0, 4),
    "iterprime": (100 * 2.4 / 4, 100 * 14 / 30, 50.0, 4),
}


@pytest.mark.parametrize("protocol", FIGURES)
def test_every_protocol_by_hand(protocol: str) -> None:
    found = at(sweep.sweep(run_of(UNITS), protocol=protocol), 0.1, 0.7)
    miou, oiou, pr50, n = FIGURES[protocol]
    assert (found["miou"], found["oiou"], found["n"]) == pytest.approx((miou, oiou, n))
    assert found["pr50"] == pytest.approx(pr50, nan_ok=True)
    assert sweep.sweep(run_of(UNITS, protocol=protocol)).protocol == protocol, "the run's own is the default"


def test_car_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"'car' merges the masks .* choose from tas, global-local, lavt, iterprime"):
        sweep.sweep(run_of(TWO, protocol="car"))
    with pytest.raises(ValueError, match="car"):
        ablation(run_of(TWO), protocol="car")
    assert sweep.sweep(run_of(TWO, protocol="car"), protocol="tas").protocol == "tas"


def test_no_proposal_anywhere_is_figures_of_zero_and_under_global_local_none() -> None:
    nothing = run_of([(5, []), (7, [])])
    found = sweep.sweep(nothing)
    assert at(found, 0.1, 0.7) == {"alpha": 0.1, "lam": 0.7, "miou": 0.0, "oiou": 0.0, "pr50": 0.0, "n": 2}
    skipped = sweep.sweep(nothing, protocol="global-local")
    assert skipped.frame[["miou", "oiou", "pr50"]].isna().all(axis=None)
    assert (skipped.frame["n"] == 0).all()
    assert skipped.gain is None
    with pytest.raises(ValueError, match="no miou under protocol 'global-local' with 0 units"):
        skipped.best()
    assert "sweep of" in skipped.text
    assert "<figure>" in html_of(skipped)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"alpha": []}, "alpha: expected at least one"),
        ({"lam": [float("nan")]}, "lam: expected a finite"),
        ({"variant": "ours"}, "paper, official"),
        ({"protocol": "mine"}, "tas, global-local"),
    ],
)
def test_a_wrong_argument_says_what_is_expected(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        sweep.sweep(run_of(TWO), **wrong)


def test_an_unknown_metric_lists_the_choices() -> None:
    found = sweep.sweep(run_of(TWO))
    for use in (found.best, found.pivot, lambda metric: plots.sweep_heatmap(found, metric)):
        with pytest.raises(ValueError, match="miou, oiou, pr50"):
            use("iou")


def test_damaged_tables_are_named() -> None:
    run = run_of(TWO)
    for scored in (run.scored.iloc[1:], run.scored.iloc[:-1], run.scored.iloc[::-1]):
        with pytest.raises(ValueError, match=r"sample [01] do not fit"):
            sweep.sweep(replace(run, scored=scored))
    with pytest.raises(ValueError, match="rising order"):
        sweep.sweep(replace(run, scored=run.scored.iloc[[1, 0, 2, 3, 4]]))
    with pytest.raises(ValueError, match="p holds NaN"):
        sweep.sweep(replace(run, scored=run.scored.assign(p=np.nan)))
    with pytest.raises(ValueError, match="no sample was measured"):
        sweep.sweep(replace(run, predicted=run.predicted.iloc[:0]))


def test_what_to_bear_in_mind_is_said() -> None:
    run = run_of(TWO)
    run.about["dataset"]["samples"] = 5
    notes = sweep.sweep(run, variant="official").notes
    assert any("choose on one split" in note for note in notes)
    assert any("3 of 5 samples failed" in note for note in notes)
    assert any("not shown to beat" in note for note in notes)
    assert any("only the rectifier is that of official" in note for note in notes)


def test_each_sample_counts_once_whatever_the_number_of_methods() -> None:
    run = run_of(TWO)
    twice = pd.concat([run.predicted, run.predicted.assign(method="clip-only")], ignore_index=True)
    assert sweep.sweep(replace(run, predicted=twice)).frame.equals(sweep.sweep(run).frame)


# --- against a literal loop ----------------------------------------------------------------------------------------


def answers(run: Tables, weights: Weights, variant: str) -> Iterator[tuple[int, int, int]]:
    """(chosen, intersection, union) of every sample, with ``spatial.rectify`` asked each time."""
    for row in run.predicted.itertuples():
        mine = run.scored[run.scored["sample"] == row.sample]
        if not len(mine):
            yield -1, 0, int(row.target_area)
            continue
        total = (mine["v"] + weights.alpha * mine["p"] + weights.lam * mine["n"]).to_numpy()
        kept, _ = spatial.rectify(
            parse_of(row.directions), mine[["cx", "cy"]].to_numpy(), rule=VARIANTS[variant].rectifier, totals=total,
            areas=mine["area"].to_numpy(),
        )  # fmt: skip
        best = int(np.argmax(np.where(kept, total, -np.inf)))
        yield best, int(mine["intersection"].iloc[best]), int(mine["union"].iloc[best])


coarse = st.sampled_from([-0.5, 0.0, 0.25, 0.5])  # few values, so that there are ties
place = st.sampled_from([0.0, 1.0, 1.5, 2.0, float("nan")])


@st.composite
def drawn(draw: st.DrawFn) -> list[tuple[int, list[Proposal], str]]:
    """Samples as (target area, proposals, directions)."""
    samples = []
    for _ in range(draw(st.integers(1, 6))):
        target, proposals = draw(st.integers(0, 20)), []
        for _ in range(draw(st.integers(0, 6))):
            x, y = draw(place), draw(place)
            empty = np.isnan(x) or np.isnan(y)
            area = 0 if empty else draw(st.integers(1, 20))
            inter = draw(st.integers(0, min(area, target)))
            proposals.append(
                proposal(draw(coarse), inter, area + target - inter, p=draw(coarse), n=draw(coarse), area=area,
                         cx=np.nan if empty else x, cy=np.nan if empty else y)
            )  # fmt: skip
        said = draw(st.lists(st.sampled_from(DIRECTIONS), max_size=3, unique=True))
        samples.append((target, proposals, " ".join(said)))
    return samples


def evaluated(samples: list[tuple[int, list[Proposal], str]]) -> Tables:
    """With ``kept`` as an evaluation by the paper's method stores it."""
    run = run_of([(target, proposals) for target, proposals, _ in samples], directions=[said for *_, said in samples])
    for i, (_, proposals, said) in enumerate(samples):
        if proposals:
            mine = run.scored["sample"] == i
            kept, _ = spatial.rectify(parse_of(said), run.scored.loc[mine, ["cx", "cy"]].to_numpy())
            run.scored.loc[mine, "kept"] = kept
    return run


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(samples=drawn(), variant=st.sampled_from(["paper", "official"]), protocol=st.sampled_from(list(FIGURES)))
def test_a_sweep_is_what_a_literal_loop_gives(samples: Any, variant: str, protocol: str) -> None:
    run = evaluated(samples)
    found = sweep.sweep(run, alpha=[0.0, 0.1, 1.0], lam=[0.0, 0.7], variant=variant, protocol=protocol)
    for row in found.frame.itertuples():
        wanted = list(answers(run, Weights(alpha=row.alpha, lam=row.lam), variant))
        frame = sweep.rerank(run, alpha=row.alpha, lam=row.lam, variant=variant)
        assert list(zip(frame["chosen"], frame["intersection"], frame["union"], strict=True)) == wanted
        summary = metrics.summarise(
            frame["intersection"].to_numpy(), frame["union"].to_numpy(), frame["image_id"].to_numpy(),
            protocol=protocol, answered=(run.predicted["proposals"] > 0).to_numpy(), resamples=1, thresholds=(0.5,),
        )  # fmt: skip
        pr50 = summary.precision[0.5].value if summary.precision else np.nan
        got = (row.miou, row.oiou, row.pr50, row.n)
        assert got == pytest.approx((summary.miou.value, summary.oiou.value, pr50, summary.n), nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(samples=drawn())
def test_the_papers_rectifier_computed_again_is_the_one_stored(samples: Any) -> None:
    run = evaluated(samples)
    fresh = replace(run, about={**run.about, "variant": "official"})
    assert sweep.rerank(fresh, variant="paper").equals(sweep.rerank(run, variant="paper"))


def test_the_extended_rectifier_is_asked_at_every_point() -> None:
    extended = replace(PAPER, name="ours", rectifier=spatial.EXTENDED)
    run = run_of(
        [(9, [proposal(0.9, 9, 9, cx=1.0), proposal(0.8, 3, 9, cx=5.0), proposal(0.1, 1, 9, cx=9.0)])],
        directions=["right"],
    )
    assert sweep.rerank(run, variant=extended)["chosen"].tolist() == [1]
    assert sweep.sweep(run, variant=extended).variant == "ours"


# --- Table 4 -------------------------------------------------------------------------------------------------------


def test_the_modules_by_hand() -> None:
    run = run_of(
        [
            (40, [*TWO[0][1], proposal(2.0, 0, 80, p=2.0, n=2.0, kept=False)]),
            (100, TWO[1][1]),
        ],
        weights=Weights(alpha=1.0, lam=1.0),
    )
    table = ablation(run)
    assert table["modules"].tolist() == ["V", "V+P", "V+P+N", "V+P+N+spatial"]
    assert table["miou"].tolist() == pytest.approx([30.0, 30.0, 30.0, 55.0]), "only the rectifier takes the bad one out"
    assert table["miou_gain"].tolist() == pytest.approx([np.nan, 0, 0, 25.0], nan_ok=True)
    assert table["oiou_gain"].iloc[3] == pytest.approx(100 * 90 / 160 - 100 * 60 / 180)
    assert table["n"].tolist() == [2] * 4
    assert table["paper_miou"].tolist() == [33.01, 35.94, 37.03, 39.84]
    assert (table["miou_gain_low"] <= table["miou_gain"])[1:].all()
    assert "+25.00" in as_text(table)
    assert "37.03" in as_text(table)


def test_the_modules_without_pr_and_with_skipped_images() -> None:
    table = ablation(run_of(UNITS), protocol="global-local")
    assert table["pr50"].isna().all()
    assert table["n"].tolist() == [3] * 4


# --- a real run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models_of(toy_models, official_models) -> dict[str, Any]:
    return {"paper": toy_models, "plus": toy_models, "official": official_models, "official-scaled": official_models}


@pytest.fixture(scope="module", params=["paper", "plus", "official"])
def real(request, models_of, reftoy_val, tmp_path_factory) -> Run:
    """RefToy: the sentences of the first three scenes, evaluated by the engine."""
    folder = tmp_path_factory.mktemp("runs")
    scenes = list(dict.fromkeys(reftoy_val.image_ids))[:3]
    samples = [reftoy_val[i] for i, image_id in enumerate(reftoy_val.image_ids) if image_id in scenes]
    return engine.evaluate(
        samples, models_of[request.param], variant=request.param, out=folder / "run",
        store=tn.Store(folder / "store"), methods=["tas", "clip-only"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def described(real: Run, models_of, reftoy_val) -> dict[str, Any]:
    name = real.about["variant"]
    first = real.predictions().drop_duplicates("image_id")
    return {
        row.image_id: tn.describe(reftoy_val[row.sample].image, models_of[name], variant=name)
        for row in first.itertuples()
    }


def test_the_runs_own_weights_give_its_own_answers_exactly(real: Run) -> None:
    stored = real.predictions().query("method == 'tas'").reset_index(drop=True)
    again = sweep.rerank(real)
    assert len(again) > 10
    for name in ("sample", "chosen", "intersection", "union"):
        assert again[name].tolist() == stored[name].tolist(), name
    table = real.table(methods=["tas"]).iloc[0]
    own = real.about["weights"]
    here = at(sweep.sweep(real, alpha=[own["alpha"]], lam=[own["lam"]]), own["alpha"], own["lam"])
    assert (here["miou"], here["oiou"], here["pr50"]) == pytest.approx((table["miou"], table["oiou"], table["pr50"]))


@pytest.mark.parametrize(("alpha", "lam"), [(0.0, 0.0), (0.4, 0.3), (3.0, 0.0), (0.0, 2.0)])
def test_other_weights_are_what_tas_itself_answers(
    real: Run, described, models_of, reftoy_val, alpha: float, lam: float
) -> None:
    name = real.about["variant"]
    again = sweep.rerank(real, alpha=alpha, lam=lam)
    for row in again.itertuples():
        answer = tn.tas(
            described[row.image_id],
            reftoy_val[row.sample].expression,
            models_of[name],
            variant=name,
            alpha=alpha,
            lam=lam,
        )
        assert row.chosen == (-1 if answer.index is None else answer.index)


def test_stored_scores_give_the_answers_of_plus(real: Run, described, models_of, reftoy_val) -> None:
    """From a run of paper or of plus alike: parses, boxes, crops and phrases are the same."""
    if real.about["variant"] == "official-scaled":
        return
    wordnet, own = models_of["plus"].wordnet, Weights(**real.about["weights"])
    ranking = with_negatives(Ranking.of(real, variant="plus"), real, PLUS, wordnet)
    answers = [
        tn.tas(described[row.image_id], reftoy_val[row.sample].expression, models_of["plus"], variant="plus")
        for row in real.predictions().query("method == 'tas'").itertuples()
    ]
    assert ranking.chosen(own).tolist() == [answer.index for answer in answers]
    assert any(answer.table.prior.any() for answer in answers), "or nothing was tested"
    steps = plus_ablation(real, wordnet)
    assert steps["miou"].iloc[-1] == pytest.approx(100 * metrics.iou(*ranking.counts(own)).mean())
    if real.about["variant"] == "paper":
        assert steps["miou"].iloc[0] == pytest.approx(real.table(methods=["tas"])["miou"].iloc[0])
        assert "prior" in real.scores()
        assert not real.scores()["prior"].any()
    assert steps["total"].iloc[-1] == pytest.approx(steps["miou"].iloc[-1] - steps["miou"].iloc[0])


def test_a_soft_rectifier_needs_boxes_and_a_run_from_before_it_has_none() -> None:
    with pytest.raises(UserError, match="reads boxes"):
        sweep.sweep(run_of(TWO), variant="plus")
    own = run_of(TWO, variant="plus")
    assert "prior" not in own.scored
    assert Ranking.of(own).prior.tolist() == [0.0] * 5
    own.scored["prior"] = [0.0, 0.0, 9.0, 0.0, 0.0]
    assert sweep.rerank(own, alpha=0, lam=0)["chosen"].tolist() == [2, 1]
    assert sweep.rerank(own, alpha=0, lam=0, rectified=False)["chosen"].tolist() == [0, 1]


def test_v_alone_is_clip_only(real: Run) -> None:
    stored = real.predictions().query("method == 'clip-only'")
    assert sweep.rerank(real, alpha=0, lam=0, rectified=False)["chosen"].tolist() == stored["chosen"].tolist()
    assert ablation(real)["miou"].iloc[0] == pytest.approx(real.table(methods=["clip-only"])["miou"].iloc[0])


def test_the_modules_are_those_of_the_ablation(real: Run, described, models_of, reftoy_val) -> None:
    samples = [reftoy_val[i] for i in sweep.rerank(real)["sample"]]
    name = real.about["variant"]
    wanted = tn.ablate(samples, models_of[name], variant=name, artifacts=described)
    found = ablation(real)
    for row, other in zip(found.to_dict("records"), wanted.rows, strict=True):
        assert (row["miou"], row["oiou"], row["pr50"]) == pytest.approx((other["miou"], other["oiou"], other["pr50"]))
        assert row["miou_low"] == pytest.approx(other["miou_low"])
        if "gain" in other:
            assert (row["miou_gain"], row["miou_gain_low"]) == pytest.approx((other["gain"], other["gain_low"]))


def test_official_needs_the_totals_and_gets_them(real: Run) -> None:
    other = "official" if real.about["variant"] == "paper" else "paper"
    assert (Ranking.of(real, variant="official").quadrants is not None) == any(
        len(words.split()) == 1 for words in real.predictions()["directions"]
    )
    assert any("only the rectifier" in note for note in sweep.sweep(real, variant=other).notes)


def test_a_real_run_stands_beside_the_paper(real: Run) -> None:
    found = tn.paper.against(real)
    assert found.where == "Table 1, RefCOCO val"
    assert "other data: reftoy val is not RefCOCO val" in found.differs
    assert any(words.startswith("other weights: given") for words in found.differs)


# --- the picture and the command -----------------------------------------------------------------------------------


def texts_of(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_heat_map_says_every_figure_and_marks_two_cells_in_words() -> None:
    found = sweep.sweep(run_of(TWO), alpha=[0.0, 0.1, 1.0], lam=[0.0, 0.7])
    figure = plots.sweep_heatmap(found)
    words = texts_of(figure)
    assert len(figure.axes) == 2
    assert sum("best" in word for word in words) == 2, "one in each panel"
    assert sum("paper" in word for word in words) == 2
    assert "39.84\npaper" in words
    assert f"{found.best()['miou']:.2f}\nbest" in words
    assert sum(bool(word) for word in words) == 6 + 9


def test_the_heat_map_without_the_paper_and_of_a_metric_that_it_lacks() -> None:
    found = sweep.sweep(run_of(TWO))
    assert len(plots.sweep_heatmap(found, beside_paper=False).axes) == 1
    assert len(plots.sweep_heatmap(found, "pr50").axes) == 1


def test_a_grid_without_the_papers_choice_and_one_of_a_single_point() -> None:
    words = texts_of(plots.sweep_heatmap(sweep.sweep(run_of(TWO), alpha=[9], lam=[8]), beside_paper=False))
    assert [word.split("\n")[1:] for word in words] == [["best"]]
    words = texts_of(plots.sweep_heatmap(sweep.sweep(run_of(TWO), alpha=[0.1], lam=[0.7]), beside_paper=False))
    assert [word.split("\n")[1:] for word in words] == [["best, paper"]]


def test_for_long_expressions_the_papers_choice_is_another() -> None:
    run = run_of(TWO)
    run.about["dataset"]["name"] = "refcocog"
    found = sweep.sweep(run, lam=[0.7, 1.0])
    assert found.papers == Weights(alpha=0.1, lam=1.0)


@pytest.fixture
def command():
    app = Typer()
    app.command()(commands.sweep)
    app.command("other")(lambda: None)  # with one command alone typer drops its name
    return lambda *arguments: CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def test_the_command_prints_the_grid_and_writes_two_files(real: Run, command, tmp_path) -> None:
    done = command(real.folder, "--alpha", "0,0.1", "--lam", "0.7,0", "--out", tmp_path / "new" / "folder", "--modules")
    assert done.exit_code == 0, done.output
    for words in ("best miou", "Table 3", "39.84", "V+P+N+spatial", "sweep.png"):
        assert words in done.output
    frame = pd.read_csv(tmp_path / "new" / "folder" / "sweep.csv")
    assert list(frame.columns) == ["alpha", "lam", "miou", "oiou", "pr50", "n"]
    assert len(frame) == 4
    with Image.open(tmp_path / "new" / "folder" / "sweep.png") as picture:
        assert picture.width > 500


def test_json_is_one_object(real: Run, command, tmp_path) -> None:
    done = command(
        real.folder, "--json", "--protocol", "global-local", "--variant", "official", "--out", tmp_path, "--modules"
    )
    record = json.loads(done.output)
    assert len(record["grid"]) == 25
    assert record["grid"][0]["pr50"] is None
    assert set(record["best"]) == {"miou", "oiou"}
    assert record["variant"] == "official"
    assert len(record["modules"]) == 4
    assert record["modules"][0]["miou_gain"] is None
    assert len(record["beside_paper"]) == 9


def test_without_out_the_files_go_into_the_run_and_leave_it_readable(real: Run, command) -> None:
    assert command(real.folder, "--alpha", "0", "--lam", "0").exit_code == 0
    assert (real.folder / "sweep.csv").is_file()
    assert len(Run.open(real.folder).predictions()) == len(real.predictions())


@pytest.mark.parametrize("text", ["", "many", "0;1", ","])
def test_a_wrong_list_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"--alpha: expected numbers such as 0,0\.1,0\.4"):
        commands.weights_of("--alpha", text)


@pytest.mark.slow
def test_the_benchmark_prints_time_memory_and_a_ratio(capsys) -> None:
    from tests.benchmarks import bench_sweep

    bench_sweep.main(["--small"])
    printed = capsys.readouterr().out
    assert len(re.findall(r"same answers\) +\d+x", printed)) == 2
    assert "peak memory" in printed


def test_the_official_method_is_the_one_with_quadrants() -> None:
    assert OFFICIAL.rectifier.half == "quadrants", "else Ranking would not have to look at the totals"


# --- beside the paper's weights --------------------------------------------------------------------------------------

GOLDEN = Path(__file__).parents[1] / "golden" / "runs" / "paper"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run with the paper's weights, whose run.json then says that a preset's were used."""
    folder = tmp_path_factory.mktemp("runs") / "tuned"
    shutil.copytree(GOLDEN, folder)
    about = {**Run.open(folder).about, "weights": {"alpha": 0.4, "lam": 0.2, "source": "preset tuned"}}
    parts.write_sealed(folder / "run.json", about)
    parts.bind(folder, 0, parts.key_of(about))
    return Run.open(folder)


def test_the_papers_weights_stand_beside_a_runs_own(tuned: Run) -> None:
    paper, own = beside_paper(tuned).to_dict("records")
    as_evaluated = Run.open(GOLDEN).table(methods=["tas"]).iloc[0]
    for name in ("miou", "miou_low", "miou_high", "oiou", "pr50", "n"):
        assert paper[name] == pytest.approx(as_evaluated[name]), name
    assert own["miou"] == pytest.approx(100 * sweep.rerank(tuned, alpha=0.4, lam=0.2)["iou"].mean())
    assert own["miou_gain"] == pytest.approx(own["miou"] - paper["miou"])
    assert own["miou_gain_low"] <= own["miou_gain"] <= own["miou_gain_high"]
    assert paper["weights"] == "the paper's alpha 0.1, lambda 0.7 (variant paper)"
    assert own["weights"] == "the run's alpha 0.4, lambda 0.2 (preset tuned)"


@pytest.mark.parametrize("case", ["the paper's weights", "no TAS", "merged masks"])
def test_nothing_stands_beside(case: str, tuned: Run) -> None:
    if case == "no TAS":
        assert beside_paper(SimpleNamespace(about={**tuned.about, "methods": ["clip-only"]})).empty
    else:
        run, protocol = (Run.open(GOLDEN), None) if case == "the paper's weights" else (tuned, "car")
        assert beside_paper(run, protocol=protocol).empty


def test_a_sweep_notes_what_the_papers_weights_give(tuned: Run) -> None:
    said = beside_text(beside_paper(tuned))
    assert sweep.sweep(tuned).notes[0] == said
    assert "with the run's alpha 0.4, lambda 0.2 (preset tuned)" in said
    assert "with the paper's alpha 0.1, lambda 0.7 (variant paper)" in said
    assert sweep.sweep(Run.open(GOLDEN)).notes[0].startswith("the best point is best on this split")


def test_the_papers_weights_of_long_expressions_are_their_own() -> None:
    run = run_of(TWO, weights=Weights(alpha=0.1, lam=0.7))
    run.about["dataset"]["name"] = "reftoyg"
    assert beside_paper(run)["weights"].tolist()[0] == "the paper's alpha 0.1, lambda 1 (variant paper)"


def test_table_4_is_printed_with_both(tuned: Run, command, tmp_path: Path) -> None:
    asked = (tuned.folder, "--modules", "--out", tmp_path)
    text = command(*asked).output
    assert "the same with the paper's weights, alpha 0.1, lambda 0.7 (variant paper):" in text
    assert text.count("V+P+N+spatial") == 2
    record = json.loads(command(*asked, "--json").output)
    wanted = ablation(Run.open(GOLDEN))
    assert [row["miou"] for row in record["modules_paper"]] == pytest.approx(wanted["miou"].tolist())
    assert pd.read_csv(tmp_path / "modules-paper.csv")["miou"].tolist() == pytest.approx(wanted["miou"].tolist())
    assert record["used"] == {"alpha": 0.4, "lam": 0.2, "source": "preset tuned"}
    assert [row["miou"] for row in record["modules"]] == pytest.approx(ablation(tuned)["miou"].tolist())


def test_the_run_and_its_page_name_the_source(tuned: Run, tmp_path: Path) -> None:
    assert "alpha 0.4, lambda 0.2 (preset tuned)" in tuned.text()
    page = tn.report.run([tuned], tmp_path / "page.html").read_text()
    assert "alpha 0.4, lambda 0.2 (preset tuned)" in page
    row = page[page.index("tas with the paper") :]
    assert f"{beside_paper(tuned).at[0, 'miou']:.2f}" in row[:400]


def test_runs_are_pooled_whoever_chose_their_weights(tuned: Run) -> None:
    other = SimpleNamespace(**{name: getattr(tuned, name) for name in ("methods", "predictions", "scores")})
    other.about = {**tuned.about, "weights": {"alpha": 0.4, "lam": 0.2, "source": "given"}}
    other.about["dataset"] = {**tuned.about["dataset"], "split": "testA"}
    assert analysis.pool([tuned, other]).about["dataset"]["split"] == "val + testA"
    other.about["weights"] = {"alpha": 0.4, "lam": 0.3, "source": "given"}
    with pytest.raises(ValueError, match=r"lambda 0\.2 \(preset tuned\) and alpha 0\.4, lambda 0\.3 \(given\)"):
        analysis.pool([tuned, other])


def test_a_reproduced_table_notes_what_the_papers_weights_give(tuned: Run, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reproducing, "evaluate", lambda *arguments, **options: tuned)
    found = reproducing.reproduce(4, split="val", out=tmp_path)
    said = [words for words in found.differs if words.endswith(beside_text(beside_paper(tuned)))]
    assert len(said) == 1
    assert said[0].startswith("reftoy val, ")


def test_a_variant_of_ones_own_is_ranked_by_the_rectifier_that_the_run_tells() -> None:
    run = run_of(TWO, variant="mine", weights=Weights(alpha=1.0, lam=1.0))
    run.about["variant_options"] = {"rectifier": json.loads(canonical(asdict(PAPER.rectifier)))}
    assert sweep.sweep(run).variant == "mine"
    assert len(beside_paper(run)) == 2
