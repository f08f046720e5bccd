"""The command line: each command calls one public function and prints what it returned.

Standard output is the result, standard error the progress. Exit codes: 0 done, 1 a check found problems, 2 the user's
input was wrong (one line on standard error, no traceback), 130 interrupted.
"""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Annotated

import typer

from tasnb.cli import analysis, datasets, demo, evaluation, models, notebooks, segmenting, store
from tasnb.core.errors import in_one_line

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tasnb {importlib.metadata.version('tasnb')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Zero-shot referring image segmentation, taken apart: one expression, one mask, and why."""


app.command()(demo.demo)
app.command()(notebooks.lessons)
app.command()(segmenting.segment)
app.command()(models.doctor)
app.command()(models.fetch)
app.command()(evaluation.evaluate)
app.command()(evaluation.compare)
app.command()(analysis.analyse)
app.command()(analysis.report)
app.command()(evaluation.sweep)
app.command()(evaluation.reproduce)
app.command()(evaluation.proposals)
app.command()(notebooks.freeze)
app.add_typer(datasets.app, name="datasets")
app.add_typer(store.app, name="store")


# what an interrupted command leaves, and how to go on
_GOES_ON = "the same command goes on from there"
_KEPT = {
    "demo": "nothing is kept; start it again",
    "segment": f"what the models said so far is kept in the store; {_GOES_ON}",
    "evaluate": f"finished parts are kept in the run directory; {_GOES_ON}",
    "reproduce": f"finished parts are kept in the run directories; {_GOES_ON}",
    "fetch": f"finished files are kept; {_GOES_ON}",
    "lessons": "files that were copied are kept, and not copied again; start it again",
    "freeze": "the notebook is as it was; start it again",
}


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; user errors become one line on standard error."""
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="tasnb")
        return code if isinstance(code, int) else 0
    except (typer.Abort, KeyboardInterrupt) as stopped:
        if isinstance(stopped.__cause__, EOFError):  # click takes one for the end of standard input
            return _fail("a file ends in the middle of what it holds; get it again (tasnb doctor tells which model's)")
        command = next(iter(sys.argv[1:] if arguments is None else arguments), "")
        return _fail(f"interrupted; {_KEPT.get(command, 'nothing was changed')}", code=130)
    except typer.Exit as leave:
        return int(leave.exit_code)
    except Exception as wrong:
        if (line := in_one_line(wrong)) is not None:
            return _fail(line)
        # typer carries its own copy of click, whose usage errors have no public base class
        if type(wrong).__name__ == "NoArgsIsHelpError":  # a bare ``tasnb`` or ``tasnb store``
            print(str(wrong))
            return 0
        if hasattr(wrong, "format_message"):
            return _fail(f"{wrong.format_message()} See: tasnb --help")
        raise


def _fail(message: str, *, code: int = 2) -> int:
    print(f"tasnb: {' '.join(message.split())}", file=sys.stderr)
    return code


def main() -> None:
    """The program ``tasnb``."""
    sys.exit(run())
