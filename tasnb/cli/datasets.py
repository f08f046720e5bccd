"""``tasnb datasets``: what there is, whether it is sound, and one sample to look at."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from tasnb.cli.options import Json, Root, SplitBy, Without, writes
from tasnb.cli.output import ready_file, say
from tasnb.cli.output import show as show_result
from tasnb.core.errors import UserError

app = typer.Typer(help="Data sets: list them, check one, show a sample.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="One of those that `tasnb datasets list` names.")]


@app.command("list")
def list_(root: Root = None, json_: Json = False) -> None:
    """Name every data set with its splits, published counts, licence and source, and whether it is there."""
    from tasnb import datasets

    known = datasets.overview(root)
    lines = []
    for entry in known:
        there = f"found in {entry['found']}" if entry["found"] else "not found"
        lines.append(f"{entry['name']}: {entry['title']}; {there}")
        for split_by, splits in entry["splits"].items():
            for split, counts in splits.items():
                numbers = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number is not None)
                lines.append(f"    {split_by:<9}{split:<7}{numbers}")
        lines += [f"    {what:<9}{entry[what]}" for what in ("licence", "source", "layout")]
    show_result({"datasets": known}, "\n".join(lines), as_json=json_)


@app.command()
def check(
    name: Name,
    root: Root = None,
    split: Annotated[str | None, typer.Option(help="Default: all splits.")] = None,
    split_by: SplitBy = None,
    open_images: Annotated[
        bool, typer.Option("--open-images", help="Decode every image: minutes for RefCOCO.")
    ] = False,
    without: Without = None,
    json_: Json = False,
) -> None:
    """Find missing images, empty masks, boxes off the image, duplicate ids, loose refs; count the splits.

    Exit code 1 when there are problems.
    """
    from tasnb import datasets

    how: dict[str, Any] = {"open_images": open_images, "without": without}
    report = datasets.check(name, split=split, root=root, split_by=split_by, **how)
    show_result(report.to_dict(), report.text(), as_json=json_)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def show(
    name: Name,
    root: Root = None,
    split: Annotated[str, typer.Option()] = "val",
    index: Annotated[int, typer.Option(help="Place of the sample in the split.")] = 0,
    out: Annotated[Path | None, writes(help="PNG to write; default outputs/datasets/SAMPLE.png.")] = None,
    split_by: SplitBy = None,
    json_: Json = False,
) -> None:
    """Print one sample and write a picture with its mask."""
    from tasnb.core.images import mask_colour, png_bytes
    from tasnb.plots import overlay

    samples = load_noting(name, split=split, root=root, split_by=split_by)
    if not -len(samples) <= index < len(samples):
        raise UserError(f"--index {index}: {name} {split} has {len(samples)} samples, 0 to {len(samples) - 1}")
    sample = samples[index]
    # ids of one's own table may hold anything
    target = out or Path("outputs", "datasets", re.sub(r"[^\w.+-]", "_", sample.sample_id) + ".png")
    ready_file(target)
    picture = sample.image if sample.target is None else overlay(sample.image, sample.target, mask_colour(0))
    target.write_bytes(png_bytes(picture))
    names = ("sample_id", "image_id", "ref_id", "sent_id", "dataset", "split", "expression")
    record = {name: getattr(sample, name) for name in names}
    height, width = sample.image.shape[:2]
    area = None if sample.target is None else int(sample.target.sum())
    share = None if area is None else round(area / (height * width), 4)
    record |= {"height": height, "width": width, "area": area, "share": share, "picture": str(target)}
    lines = [f"{key:<12} {'none' if value is None else value}" for key, value in record.items()]
    show_result(record, "\n".join(lines), as_json=json_)


def load_noting(name: str, *, split: str, root: Path | None, split_by: str | None, without: Path | None = None) -> Any:
    """``datasets.load`` with a count that differs from the published one as a line on standard error."""
    from tasnb import datasets

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", datasets.CountWarning)
        samples = datasets.load(name, split=split, root=root, split_by=split_by, without=without)
    for warning in caught:
        say(f"note: {warning.message}", err=True)
    return samples
