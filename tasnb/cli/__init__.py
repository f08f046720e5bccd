"""The command line: each command calls one public function and prints what it returned.

Standard output is the result, standard error the progress. Exit codes: 0 done, 1 a check found problems, 2 the user's
input was wrong (one line on standard error, no traceback), 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from tasnb.cli import analysis, datasets, demo, evaluation, models, notebooks, segmenting, store
from tasnb.core.errors import in_one_line

app = typer.Typer(
    help="Zero-shot referring image segmentation, taken apart: one expression, one mask, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
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


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; user errors become one line on standard error."""
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="tasnb")
        return code if isinstance(code, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", code=130)
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
