"""``tasnb datasets``: what there is, whether it is sound, and one sample to look at."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Data sets: list them, check one, show a sample.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="One of those that `tasnb datasets list` names.")]
Root = Annotated[
    Path | None, typer.Option("--root", help="Folder that holds the data set; default: TASNB_DATA, RefToy: shipped.")
]
SplitBy = Annotated[str | None, typer.Option("--split-by", help="unc or google (RefCOCO), umd or google (RefCOCOg).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command("list")
def list_(root: Root = None, json_: Json = False) -> None:
    """Name every data set with its splits, published counts, licence and source, and whether it is there."""
    from tasnb import datasets

    known = datasets.overview(root)
    if json_:
        _print_json({"datasets": known})
        return
    for entry in known:
        there = f"found in {entry['found']}" if entry["found"] else "not found"
        typer.echo(f"{entry['name']}: {entry['title']}; {there}")
        for split_by, splits in entry["splits"].items():
            for split, counts in splits.items():
                numbers = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number is not None)
                typer.echo(f"    {split_by:<9}{split:<7}{numbers}")
        typer.echo(f"    licence  {entry['licence']}\n    source   {entry['source']}\n    layout   {entry['layout']}")


@app.command()
def check(
    name: Name,
    root: Root = None,
    split: Annotated[str | None, typer.Option("--split", help="Default: all splits.")] = None,
    split_by: SplitBy = None,
    open_images: Annotated[
        bool, typer.Option("--open-images", help="Decode every image: minutes for RefCOCO.")
    ] = False,
    json_: Json = False,
) -> None:
    """Find missing images, empty masks, boxes off the image, duplicate ids, loose refs; count the splits.

    Exit code 1 when there are problems.
    """
    from tasnb import datasets

    report = datasets.check(name, split=split, root=root, split_by=split_by, open_images=open_images)
    if json_:
        _print_json(report.to_dict())
    else:
        typer.echo(report.text())
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def show(
    name: Name,
    root: Root = None,
    split: Annotated[str, typer.Option("--split")] = "val",
    index: Annotated[int, typer.Option("--index", help="Place of the sample in the split.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="PNG to write; default outputs/datasets/SAMPLE.png.")
    ] = None,
    split_by: SplitBy = None,
    json_: Json = False,
) -> None:
    """Print one sample and write a picture with its mask."""
    samples = load_noting(name, split=split, root=root, split_by=split_by)
    if not -len(samples) <= index < len(samples):
        raise ValueError(f"--index {index}: {name} {split} has {len(samples)} samples, 0 to {len(samples) - 1}")
    sample = samples[index]
    target = out if out is not None else Path("outputs") / "datasets" / f"{_file_name(sample.sample_id)}.png"
    record = _record(sample) | {"picture": str(target)}
    _draw(sample, target)
    if json_:
        _print_json(record)
        return
    for key, value in record.items():
        typer.echo(f"{key:<12} {'none' if value is None else value}")


def load_noting(name: str, *, split: str, root: Path | None, split_by: str | None) -> Any:
    """``datasets.load`` with a count that differs from the published one as a line on standard error."""
    from tasnb import datasets

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", datasets.CountWarning)
        samples = datasets.load(name, split=split, root=root, split_by=split_by)
    for warning in caught:
        typer.echo(f"note: {warning.message}", err=True)
    return samples


def _record(sample: Any) -> dict[str, Any]:
    height, width = sample.image.shape[:2]
    area = None if sample.target is None else int(sample.target.sum())
    return {
        "sample_id": sample.sample_id, "image_id": sample.image_id, "ref_id": sample.ref_id, "sent_id": sample.sent_id,
        "dataset": sample.dataset, "split": sample.split, "expression": sample.expression,
        "height": height, "width": width, "area": area,
        "share": None if area is None else round(area / (height * width), 4),
    }  # fmt: skip


def _draw(sample: Any, target: Path) -> None:
    from tasnb.core.images import mask_colour, png_bytes
    from tasnb.plots import overlay

    picture = sample.image if sample.target is None else overlay(sample.image, sample.target, mask_colour(0))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(png_bytes(picture))


def _file_name(sample_id: str) -> str:
    """Ids of one's own table may hold anything."""
    return "".join(letter if letter.isalnum() or letter in "-_+." else "_" for letter in sample_id)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))
