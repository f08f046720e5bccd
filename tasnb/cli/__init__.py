"""The command line: each command calls one public function and prints what it returned.

Standard output is the result, standard error the progress. Exit codes: 0 done, 1 a check found problems, 2 the user's
input was wrong (one line on standard error, no traceback), 130 interrupted, 143 ended by another program.
"""

from __future__ import annotations

import importlib.metadata
import io
import signal
import sys
import warnings
from typing import Annotated, Any

import typer

from tasnb.cli import analysis, datasets, demo, evaluation, models, notebooks, segmenting, store
from tasnb.cli.output import say
from tasnb.core.errors import UserError, in_one_line

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        say(f"tasnb {importlib.metadata.version('tasnb')}")
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
app.command("import")(evaluation.import_)
app.command()(evaluation.export)
app.command()(evaluation.compare)
app.command()(analysis.analyse)
app.command()(analysis.report)
app.command()(evaluation.sweep)
app.command()(evaluation.reproduce)
app.command()(evaluation.proposals)
app.command()(notebooks.freeze)
app.add_typer(datasets.app, name="datasets")
app.add_typer(store.app, name="store")


LONGEST = 4000  # characters of an error's line

# what an interrupted command leaves, and how to go on
_GOES_ON = "the same command goes on from there"
_KEPT = {
    "demo": "nothing is kept; start it again",
    "segment": f"what the models said so far is kept in the store; {_GOES_ON}",
    "evaluate": f"finished parts are kept in the run directory; {_GOES_ON}",
    "import": "nothing is kept; start it again",
    "reproduce": f"finished parts are kept in the run directories; {_GOES_ON}",
    "fetch": f"finished files are kept; {_GOES_ON}",
    "lessons": "files that were copied are kept, and not copied again; start it again",
    "freeze": "the notebook is as it was; start it again",
}


_INTERRUPTED = 128 + signal.SIGINT


class _EndedError(BaseException):
    """SIGTERM: another program ends this one, which leaves as for Ctrl-C."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; user errors become one line on standard error."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            _require_no_nul(arguments)
            code = app(args=arguments, standalone_mode=False, prog_name="tasnb")
        if code != _INTERRUPTED:  # typer's own for a command that Ctrl-C stopped
            return code if isinstance(code, int) else 0
        return _stopped(arguments, "interrupted", _INTERRUPTED)
    except (typer.Abort, KeyboardInterrupt) as stopped:
        if isinstance(stopped.__cause__, EOFError):  # click takes one for the end of standard input
            return _fail("a file ends in the middle of what it holds; get it again (tasnb doctor tells which model's)")
        return _stopped(arguments, "interrupted", _INTERRUPTED)
    except _EndedError:
        return _stopped(arguments, "ended", 128 + signal.SIGTERM)
    except typer.Exit as leave:
        return int(leave.exit_code)
    except Exception as wrong:
        if (line := in_one_line(wrong)) is not None:
            return _fail(line)
        # typer carries its own copy of click, whose usage errors have no public base class
        if type(wrong).__name__ == "NoArgsIsHelpError":  # a bare ``tasnb`` or ``tasnb store``
            say(str(wrong))
            return 0
        if hasattr(wrong, "format_message"):
            return _fail(f"{wrong.format_message()} See: tasnb --help")
        raise


def _stopped(arguments: list[str] | None, how: str, code: int) -> int:
    command = next(iter(sys.argv[1:] if arguments is None else arguments), "")
    return _fail(f"{how}; {_KEPT.get(command, 'nothing was changed')}", code=code)


def _fail(message: str, *, code: int = 2) -> int:
    line = " ".join(message.split())
    say(f"tasnb: {line if len(line) <= LONGEST else line[: LONGEST - 1] + '…'}", err=True)
    return code


def _warn(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: str | None = None) -> None:
    """As Python shows a warning, through the door of all that is printed."""
    say(warnings.formatwarning(message, category, filename, lineno, line).rstrip("\n"), err=True)


def _require_no_nul(arguments: list[str] | None) -> None:
    """No system takes a NUL in a name, and none gives one to a program; who calls ``run`` might."""
    for each in arguments or ():
        if "\0" in each:
            raise UserError(f"an argument holds a NUL character: {each[:80]!r}; leave it out")


def main() -> None:
    """The program ``tasnb``."""
    signal.signal(signal.SIGTERM, _end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or pipe without Unicode shows an escape, not a traceback
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run())


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one is obeyed at once
    raise _EndedError
