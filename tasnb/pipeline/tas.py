"""TAS end to end: ``describe`` an image once, then score, rectify and select for every expression about it.

Every model is met through its protocol, so the same lines run the toy checkpoints and the paper's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from tasnb.core.errors import UserError
from tasnb.core.masks import areas, centroids_xy
from tasnb.core.types import (
    CaptionsOnDemand,
    ImageArtifacts,
    Models,
    Negatives,
    Parse,
    Prediction,
    RectifierTrace,
    ScoreTable,
    Weights,
    on_artifacts,
)
from tasnb.pipeline.variant import PAPER, Variant, find, require_made_for, weights_for
from tasnb.stages import expressions, negatives, scores, spatial

MODULES = ("v", "p", "n", "spatial")  # paper, table 4


def mine(artifacts: ImageArtifacts, parse: Parse, models: Models, *, variant: str | Variant = PAPER) -> Negatives:
    """T_n: the noun phrases of the overall caption that do not name the expression's subject.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    parse : Parse
        The expression's.
    models : Models
        Their WordNet is used.
    variant : str or Variant
        Whose synonym rule.

    Returns
    -------
    Negatives
        Every phrase, kept or dropped and why.
    """
    return negatives.mine(
        artifacts.overall_caption, artifacts.phrases, parse, models.wordnet, rule=find(variant, models).synonyms
    )


def score(
    artifacts: ImageArtifacts,
    expression: str,
    mined: Negatives,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    weights: Weights | None = None,
) -> ScoreTable:
    """V, P and N of every proposal for one expression.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    expression : str
        Which thing is meant.
    mined : Negatives
        From ``mine``.
    models : Models
        Their encoder is used.
    variant : str or Variant
        Whose crop styles.
    weights : Weights or None
        None: those of ``weights_for``.

    Returns
    -------
    ScoreTable
        Nothing is rectified yet, so all are kept.

    Raises
    ------
    ValueError
        For artifacts that were made for another variant.
    """
    chosen = find(variant, models)
    weights = weights or weights_for(chosen, models)

    def p_of(v: np.ndarray, n: np.ndarray, text: np.ndarray) -> np.ndarray:
        return scores.p_score(rows_of(artifacts.caption_embeddings, chosen.p_crop.style, "caption_embeddings"), text)

    return _scored(artifacts, expression, mined, models, chosen, weights, p_of)


def _score_where_needed(
    artifacts: ImageArtifacts,
    expression: str,
    mined: Negatives,
    models: Models,
    chosen: Variant,
    weights: Weights,
    captions: CaptionsOnDemand,
    candidates: np.ndarray,
    parse: Parse | None,
) -> ScoreTable:
    """As ``score``, but only those candidates are captioned that can have the largest S; the P of the others is NaN.

    parse: by which a soft rectifier's prior, which needs no P, is known before; None where the rectifier is not soft.
    """

    def p_of(v: np.ndarray, n: np.ndarray, text: np.ndarray) -> np.ndarray:
        def ask(rows: np.ndarray) -> np.ndarray:
            return scores.p_score(captions.embeddings(rows.tolist()), text)

        prior = _rectified(parse, artifacts, chosen, v)[1].prior if parse else None
        return scores.p_where_needed(v, n, weights, candidates, ask, prior=prior)

    return _scored(artifacts, expression, mined, models, chosen, weights, p_of)


def _scored(
    artifacts: ImageArtifacts,
    expression: str,
    mined: Negatives,
    models: Models,
    chosen: Variant,
    weights: Weights,
    p_of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> ScoreTable:
    """V, N, and what ``p_of`` makes of them and of the expression's embedding."""
    require_made_for(chosen, artifacts, models)
    text = text_row(expression, models)
    crop_rows = rows_of(artifacts.crop_embeddings, chosen.v_crop.style, "crop_embeddings")
    row_of = {phrase.text: row for row, phrase in enumerate(artifacts.phrases)}
    negative_rows = artifacts.phrase_embeddings[[row_of[phrase] for phrase in mined.kept]]
    v, n = scores.v_score(crop_rows, text), scores.n_score(crop_rows, negative_rows)
    return ScoreTable(v=v, p=p_of(v, n, text), n=n, kept=np.ones(len(v), dtype=bool), weights=weights)


def _candidates(parse: Parse, artifacts: ImageArtifacts, chosen: Variant) -> np.ndarray | None:
    """Among which proposals the answer is, before S is known: bool (n,). None when the rule needs every S."""
    rule = chosen.rectifier
    if rule.extended and (parse.cues or parse.relations):
        return None
    centres = rule.centres_of(centroids_xy(artifacts.proposals.masks))
    return np.any(spatial.candidate_regions(parse.directions, centres, rule=rule), axis=0)


def text_row(expression: str, models: Models) -> np.ndarray:
    """E_t of an expression as every method asks for it.

    Parameters
    ----------
    expression : str
        Encoded as the parser reads it (``expressions.readable``), in lower case and without a template
        (docs/method.md).
    models : Models
        Their encoder is used.

    Returns
    -------
    ndarray of float32, shape (d,)
        A unit vector.

    Raises
    ------
    ValueError
        For what is no expression, see ``expressions.require_text``.
    """
    line, _ = expressions.readable(expressions.require_text(expression))
    return models.encoder.encode_texts([line.lower()])[0]


def shares(table: ScoreTable, *, variant: str | Variant = PAPER) -> np.ndarray:
    """S on the variant's own scale.

    Parameters
    ----------
    table : ScoreTable
        From ``score`` or ``rectify``.
    variant : str or Variant
        Whose scale. paper: S itself; official: shares of 1.

    Returns
    -------
    ndarray of float, shape (n,)
        Its argmax is that of S.
    """
    return scores.normalise(table.total, find(variant).scale)


def rows_of(rows: Mapping[str, np.ndarray], style: str, name: str) -> np.ndarray:
    """The embeddings of a crop style.

    Parameters
    ----------
    rows : mapping of str to ndarray
        By style.
    style : str
        The one wanted.
    name : str
        What they are, for the message.

    Returns
    -------
    ndarray
        Those of the style.

    Raises
    ------
    ValueError
        When they are not there; it lists the styles at hand.
    """
    if style not in rows:
        raise UserError(f"{name} holds the styles {sorted(rows)}, not {style!r}; run describe() with the same variant")
    return rows[style]


def rectify(
    table: ScoreTable, parse: Parse, artifacts: ImageArtifacts, *, variant: str | Variant = PAPER
) -> ScoreTable:
    """Leave in what the directions in the expression allow.

    Parameters
    ----------
    table : ScoreTable
        From ``score``.
    parse : Parse
        The expression's.
    artifacts : ImageArtifacts
        What ``describe`` gave.
    variant : str or Variant
        Whose rectifier.

    Returns
    -------
    ScoreTable
        A new table, with its own ``kept``, ``trace`` and ``prior``.
    """
    totals = np.where(np.isnan(table.total), -np.inf, table.total)  # where P was not needed, S is not the largest
    kept, trace = _rectified(parse, artifacts, find(variant), table.v, totals)
    return replace(table, kept=kept, trace=trace, prior=trace.prior)


def _rectified(
    parse: Parse, artifacts: ImageArtifacts, chosen: Variant, v: np.ndarray, totals: np.ndarray | None = None
) -> tuple[np.ndarray, RectifierTrace]:
    masks = artifacts.proposals.masks
    return spatial.rectify(
        parse,
        centroids_xy(masks),
        rule=chosen.rectifier,
        totals=totals,
        areas=areas(masks),
        boxes_xyxy=artifacts.proposals.boxes_xyxy,
        v=v,
        object_scores=located(parse, artifacts, chosen) if chosen.rectifier.half == "soft" else None,
    )


def located(parse: Parse, artifacts: ImageArtifacts, variant: Variant) -> dict[str, np.ndarray]:
    """How much each proposal looks like the other things of an expression's relations, where the caption names them.

    Parameters
    ----------
    parse : Parse
        The expression's.
    artifacts : ImageArtifacts
        What ``describe`` gave: its phrases are encoded already, so no model is asked.
    variant : Variant
        Whose crops.

    Returns
    -------
    dict of str to ndarray of float, shape (n,)
        A relation's phrase -> cosines, -1..1; without the things that the overall caption does not name.
    """
    if not parse.relations or variant.v_crop.style not in artifacts.crop_embeddings:
        return {}
    cosines = scores.cosines(artifacts.crop_embeddings[variant.v_crop.style], artifacts.phrase_embeddings)
    return spatial.object_scores(parse, artifacts.phrases, cosines)


def select(table: ScoreTable) -> int | None:
    """The proposal to answer with.

    Parameters
    ----------
    table : ScoreTable
        From ``score`` or ``rectify``.

    Returns
    -------
    int or None
        argmax of S over the kept proposals; a tie keeps the earlier one; None when there is no proposal.
    """
    return table.best


@on_artifacts
def tas(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    variant: str | Variant = PAPER,
    alpha: float | None = None,
    lam: float | None = None,
    use: Collection[str] = MODULES,
    parse: Parse | None = None,
) -> Prediction:
    """The mask that the expression refers to, with its evidence (paper, section 3).

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    expression : str
        Which thing is meant.
    models : Models
        Their encoder, parser and WordNet are used.
    variant : str or Variant
        "paper", "plus", "official" or one of your own: the one for which the artifacts were made.
    alpha, lam : float or None
        Override the weights of the models' preset, or of the variant.
    use : collection of str
        Which of "v", "p", "n", "spatial" count (table 4); the scores that do not count are still in the table, with
        weight 0.
    parse : Parse or None
        The expression's, where it is at hand.

    Returns
    -------
    Prediction
        The mask and its evidence.

    Raises
    ------
    ValueError
        For an empty expression, an unknown module, or artifacts that were made for another variant.

    Notes
    -----
    Of artifacts with captions on demand only those proposals are captioned that the rectifier keeps and that can still
    win, as P is a cosine; the P of the others is NaN. The answer is the same, every tie included. A variant that
    answers above a threshold needs them all.
    """
    chosen = find(variant, models)
    unknown = sorted(set(use) - set(MODULES))
    if unknown or "v" not in use:
        problem = f"unknown module {unknown[0]!r}" if unknown else "'v' is missing from use"
        raise UserError(f"{problem}; choose from {', '.join(MODULES)} and keep 'v' (text_only goes without)")
    weights = with_modules(weights_for(chosen, models, alpha=alpha, lam=lam), use)
    parse = parse or expressions.parse(expression, models.parser, rule=chosen.parse, wordnet=models.wordnet)
    mined = mine(artifacts, parse, models, variant=chosen)
    captions, possible = artifacts.captions.get(chosen.p_crop.style), None
    if isinstance(captions, CaptionsOnDemand) and chosen.answering_above is None:
        everyone = np.ones(len(captions), dtype=bool)
        possible = _candidates(parse, artifacts, chosen) if "spatial" in use else everyone
    if isinstance(captions, CaptionsOnDemand) and possible is not None:
        said = parse if "spatial" in use and chosen.rectifier.half == "soft" else None
        table = _score_where_needed(artifacts, expression, mined, models, chosen, weights, captions, possible, said)
    else:
        table = score(artifacts, expression, mined, models, variant=chosen, weights=weights)
    if "spatial" in use:
        table = rectify(table, parse, artifacts, variant=chosen)
    name, above = f"TAS ({chosen.name})", chosen.answering_above
    return answer(artifacts, expression, table, parse, mined, method_name=name, above=above)


def with_modules(weights: Weights, modules: Collection[str]) -> Weights:
    """Weights of which only those of some modules count.

    Parameters
    ----------
    weights : Weights
        Of all modules.
    modules : collection of str
        Of ``MODULES``.

    Returns
    -------
    Weights
        With 0 for a module that is not among them.
    """
    return replace(weights, alpha=weights.alpha * ("p" in modules), lam=weights.lam * ("n" in modules))


def answer(
    artifacts: ImageArtifacts,
    expression: str,
    table: ScoreTable,
    parse: Parse,
    mined: Negatives,
    *,
    method_name: str,
    above: float | None = None,
) -> Prediction:
    """Select from a finished table.

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``describe`` gave.
    expression : str
        Which thing is meant.
    table : ScoreTable
        From ``score`` or ``rectify``.
    parse : Parse
        The expression's.
    mined : Negatives
        From ``mine``.
    method_name : str
        Who answers, for people.
    above : float, optional
        ``Variant.answering_above``.

    Returns
    -------
    Prediction
        Its index is the best proposal's. Without proposals, or without one above the threshold, its mask is empty and
        its index None.
    """
    index = select(table)
    rows = [] if index is None else [index]
    if above is not None:
        rows = np.flatnonzero(table.kept & (table.total > above)).tolist()
        index = index if rows else None
    chosen = np.any(artifacts.proposals.masks[rows], axis=0)
    mask = artifacts.at_full_size(chosen)
    return Prediction(
        expression=expression,
        method=method_name,
        mask=mask,
        index=index,
        table=table,
        parse=parse,
        negatives=mined,
        artifacts=artifacts,
    )
