"""What a person would say of pictures and things, put in the place of what a captioner said.

truth = Truth(samples, models, variant, memo)
altered = truth.told(0.25, seed=0)(sample, artifacts)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tasnb.core.errors import UserError
from tasnb.core.masks import pairwise_iou
from tasnb.core.types import ImageArtifacts, Memo, Models, NounPhrase, Parse, Sample
from tasnb.datasets import Samples
from tasnb.pipeline.describe import embed_texts
from tasnb.pipeline.variant import Variant
from tasnb.stages import expressions, negatives

FITS = 0.5  # IoU from which on a proposal is one of a thing

Alteration = Callable[[Sample, ImageArtifacts], ImageArtifacts]


class Truth:
    """What a person would say of the pictures of some samples, in the place of what a captioner said."""

    def __init__(self, samples: Samples, models: Models, variant: Variant, memo: Memo) -> None:
        self.samples, self.models, self.variant, self.memo = samples, models, variant, memo
        images = list(dict.fromkeys(samples.image_ids))
        self.names = {image_id: samples.names(image_id) for image_id in images}
        if not all(samples.captions.get(image_id, "").strip() and any(self.names[image_id]) for image_id in images):
            raise UserError(
                f"{samples!r} does not tell what a person would say of its pictures and the things in them; expected "
                'captions.json with [{"image_id", "caption", "things": {annotation id: caption}}, ...], as RefToy has'
            )

    def told(self, wrong: float, seed: int) -> Alteration:
        """Captions of proposals and picture, a share of them wrong."""
        return lambda sample, here: self._captioned(self._overall(here, wrong, seed), wrong, seed)

    def overall(self, sample: Sample, here: ImageArtifacts) -> ImageArtifacts:
        """The true overall caption alone."""
        return self._overall(here, 0.0, 0)

    def without_target(self, sample: Sample, here: ImageArtifacts) -> ImageArtifacts:
        """The phrases that are not about the target."""
        own = self._own_names(sample)
        return self._phrased(here, [phrase for phrase in here.phrases if not self._is_about(own, phrase)])

    def distractors(self, sample: Sample, here: ImageArtifacts) -> ImageArtifacts:
        """What a person would say of each other thing of the picture, as phrases that nothing drops."""
        own, names = self._target(sample), self.names[sample.image_id]
        others = dict.fromkeys(name for place, name in enumerate(names) if place != own and name)
        # without a noun of its own a phrase has no synonym: the synonym rule would drop things of the target's kind
        return self._phrased(here, [NounPhrase(text=name, lemma="") for name in others])

    def _overall(self, here: ImageArtifacts, wrong: float, seed: int) -> ImageArtifacts:
        rng = _draws(here.image_id, seed)
        about = self._another(here.image_id, rng) if rng.random() < wrong else here.image_id
        text = self.samples.captions[about]
        return self._phrased(
            replace(here, overall_caption=text),
            expressions.noun_phrases(text, self.models.parser, kind=self.variant.noun_phrases),
        )

    def _captioned(self, here: ImageArtifacts, wrong: float, seed: int) -> ImageArtifacts:
        style, names = self.variant.p_crop.style, self.names[here.image_id]
        overlap = pairwise_iou(here.proposals.masks, self.samples.things(here.image_id))
        said = list(here.captions[style])
        for place, row in enumerate(overlap):
            # draws of its own, so that one proposal's fate does not move the next one's
            best, rng = int(row.argmax()), _draws(f"{here.image_id} {place}", seed)
            spoken = names[best]
            if rng.random() < wrong:
                spoken = str(rng.choice([name for name in self.names[self._another(here.image_id, rng)] if name]))
            if row[best] >= FITS and names[best]:
                said[place] = spoken
        rows = embed_texts(said, self.models, memo=self.memo, stage="caption_embeddings")
        return replace(here, captions={style: tuple(said)}, caption_embeddings={style: rows})

    def _phrased(self, here: ImageArtifacts, phrases: Sequence[NounPhrase]) -> ImageArtifacts:
        texts = [self.variant.negative_prompt + phrase.text for phrase in phrases]
        rows = embed_texts(texts, self.models, memo=self.memo, stage="phrase_embeddings")
        return replace(here, phrases=tuple(phrases), phrase_embeddings=rows)

    def _target(self, sample: Sample) -> int:
        assert sample.target is not None
        return int(pairwise_iou(self.samples.things(sample.image_id), sample.target[None])[:, 0].argmax())

    def _own_names(self, sample: Sample) -> list[Parse]:
        """Each noun of what a person would say of the target, as the subject of an expression."""
        name = self.names[sample.image_id][self._target(sample)]
        nouns = expressions.noun_phrases(name, self.models.parser) if name else ()
        return [expressions.parse(noun.lemma, self.models.parser, rule=self.variant.parse) for noun in nouns]

    def _is_about(self, own: Sequence[Parse], phrase: NounPhrase) -> bool:
        rule, wordnet = self.variant.synonyms, self.models.wordnet
        mined = (negatives.mine(phrase.text, [phrase], parse, wordnet, rule=rule) for parse in own if parse.head)
        return any(not each.phrases[0].kept for each in mined)

    def _another(self, image_id: str, rng: np.random.Generator) -> str:
        others = [other for other in self.names if other != image_id]
        if not others:
            raise UserError("a wrong caption is that of another picture; expected samples of at least two pictures")
        return str(rng.choice(others))


def _draws(name: str, seed: int) -> np.random.Generator:
    """Of their own for every picture and proposal, so that a caption's fate depends on nothing else."""
    return np.random.default_rng([seed, *name.encode()])


def unchanged(sample: Sample, here: ImageArtifacts) -> ImageArtifacts:
    return here
