"""The command line: each command calls one public function and prints what it returned.

Standard output is the result, standard error the progress. Exit codes: 0 done, 2 the user's input was wrong
(one line on standard error, no traceback), 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tasnb.cli import analysing, data, evaluating, freezing, reproducing, storing, sweeping

app = typer.Typer(
    help="Zero-shot referring image segmentation, taken apart: one expression, one mask, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class _Steps:
    """A progress bar over named steps on standard error; it goes when done, and is not drawn into a file or pipe."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total, self._quiet = total, quiet
        self._bar: Any = None

    def say(self, what: str) -> None:
        if self._bar is None:
            from tqdm import tqdm

            # disable=None: tqdm's own word for "only on a terminal"
            self._bar = tqdm(
                total=self._total,
                file=sys.stderr,
                disable=True if self._quiet else None,
                leave=False,
                bar_format="{desc:<50} {bar:20} {n_fmt}/{total_fmt} {elapsed}",
            )
        else:
            self._bar.update(1)
        self._bar.set_description_str(what, refresh=True)

    def __enter__(self) -> _Steps:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


Models = Annotated[str, typer.Option("--models", help="Preset (tasnb doctor lists them) or a folder with models.json.")]
VariantName = Annotated[str, typer.Option("--variant", help="paper: the paper's text; official: the authors' code.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("outputs/demo"),
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Segment a toy scene, show why, and print the module ablation on 30 scenes."""
    from tasnb.cli import demo as story

    with _Steps(story.STEPS, quiet=json_) as steps:
        result = story.run(out, device=device, step=steps.say)
    typer.echo(json.dumps(result.record, ensure_ascii=False) if json_ else result.text)


@app.command()
def segment(
    image: Annotated[Path, typer.Argument(help="A photo: JPEG, PNG, WebP ...")],
    expression: Annotated[str, typer.Argument(help='What to find, in quotes: "the left cat".')],
    models: Models = "toy",
    variant: VariantName = "paper",
    alpha: Annotated[float | None, typer.Option(help="Weight of P; default 0.1 (paper).")] = None,
    lam: Annotated[float | None, typer.Option(help="Weight of N; default 0.7 (paper; 1 for RefCOCOg).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to; default outputs/segment/NAME.")] = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Find the one object that EXPRESSION means in IMAGE."""
    from tasnb.cli import segmenting as story
    from tasnb.stages import expressions

    expressions.require_text(expression)
    target = out if out is not None else Path("outputs") / "segment" / image.stem
    with _Steps(story.STEPS, quiet=json_) as steps:
        result = story.segment(
            image, expression, preset=models, variant=variant, alpha=alpha, lam=lam, out=target, device=device,
            step=steps.say,
        )  # fmt: skip
    typer.echo(json.dumps(result.record, ensure_ascii=False) if json_ else result.text)


@app.command()
def doctor(json_: Json = False) -> None:
    """Show per preset what is present and what is missing, the device and the versions."""
    from tasnb.models import doctor as checkup

    report = checkup.report()
    typer.echo(json.dumps(report, ensure_ascii=False) if json_ else checkup.report_text(report))


@app.command()
def fetch(preset: Annotated[str, typer.Argument(help="laptop or paper.")]) -> None:
    """Download the checkpoints of PRESET: pinned, checked, resumable."""
    from tasnb.models.fetch import fetch as fetch_preset

    for line in fetch_preset(preset):
        typer.echo(line)


app.command()(evaluating.evaluate)
app.command()(evaluating.compare)
app.command()(analysing.analyse)
app.command()(analysing.report)
app.command()(sweeping.sweep)
app.command()(reproducing.reproduce)
app.command()(reproducing.proposals)
app.command()(freezing.freeze)
app.add_typer(data.app, name="datasets")
app.add_typer(storing.app, name="store")


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; user errors become one line on standard error."""
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="tasnb")
        return code if isinstance(code, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", code=130)
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (ValueError, OSError) as wrong:
        return _fail(str(wrong))
    except Exception as wrong:
        # typer carries its own copy of click, whose usage errors have no public base class
        if hasattr(wrong, "format_message"):
            return _fail(f"{wrong.format_message()} See: tasnb --help")
        raise


def _fail(message: str, *, code: int = 2) -> int:
    print(f"tasnb: {' '.join(message.split())}", file=sys.stderr)
    return code


def main() -> None:
    sys.exit(run())


if __name__ == "__main__":
    main()
