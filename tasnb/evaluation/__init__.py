"""Methods x samples -> tables.

``engine`` runs a ``plan`` through ``worker`` (or ``ray_engine``) into a run directory: ``records`` makes its rows,
``parts`` writes and checks its files, ``runs`` opens it, and ``watch`` sees that no worker outlives its parent. All
else reads such a directory: ``metrics`` are the figures, ``reranking`` chooses again from its scores, for ``sweep``
(Table 3) and ``ablation`` (Table 4), ``compare`` sets two side by side, ``reannotation`` measures one under another
annotation, ``paper`` sets one against the published tables, ``reproduce`` measures these by ``recipes``, ``quality``
judges proposals and captions, ``cost`` takes the time, and ``samples`` and ``notes`` are about single cases.
``importing`` makes a run of anybody's ``answer_files``, and ``exporting`` writes such a file.
"""

from __future__ import annotations

from tasnb.evaluation.exporting import export_answers as export_answers
from tasnb.evaluation.importing import import_predictions as import_predictions
from tasnb.evaluation.reannotation import reannotated as reannotated
