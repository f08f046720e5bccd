"""Downloads: the only module of the package that touches the network, and only when ``tasnb fetch`` calls it.

Single files come over HTTP through pooch (sha256 checked before the file gets its name, transfers resumed); folders
come from the Hugging Face hub through huggingface_hub (a pinned revision, resumed by the library, sha256 of the large
files checked).
"""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasnb.models.catalogue import PARTS, PRESETS, Part, Role, part_named
from tasnb.models.presets import command_for, folder_of, in_words, missing_files
from tasnb.models.weights import sha256_of

ATTEMPTS = 4  # a transfer that breaks goes on where it stopped, this often in one call
PAUSE_S = 1.0  # before the second attempt; twice as long before each further one
UNVERIFIED = " (its content is not pinned: tasnb knows no checksum of it)"
REMOVED = "it was removed. Try again later, and report it if it stays so"
TIMEOUT_S = 30.0  # without a byte


class FetchError(RuntimeError):
    """A download that did not succeed: says what was expected, what came, and what to do."""


def fetch(preset: str, *, progress: bool = True) -> Iterator[str]:
    """Download what a preset or one part lacks.

    Parameters
    ----------
    preset : str
        Its name, or a part's, such as "RN50" or "vit_l".
    progress : bool
        Whether bars are drawn on standard error.

    Yields
    ------
    str
        A line on each part.

    Raises
    ------
    ValueError
        For an unknown name.
    FetchError
        When a part could not be got or is not what it should be.

    Notes
    -----
    Parts that are complete are left alone, so an interrupted call can be repeated.
    """
    for role, choice in _wanted(preset):
        part = PARTS[role][choice]
        if not missing_files(part):
            yield f"{choice}: present in {folder_of(part)}"
            continue
        source = part.repo or part.url
        yield f"{choice}: {in_words(part.total or None)} from {source}{'' if part.verified else UNVERIFIED}"
        fetch_part(part, progress=progress)
        yield f"{choice}: complete in {folder_of(part)}"


def _wanted(name: str) -> list[tuple[Role, str]]:
    if name in PRESETS:
        wanted = [*PRESETS[name].choices(), *PRESETS[name].also]
    elif (found := part_named(name)) is not None:
        wanted = [(found[0], name)]
    else:
        parts = [choice for choices in PARTS.values() for choice in choices if part_named(choice)]
        raise ValueError(f"nothing to fetch is called {name!r}; choose from {', '.join([*PRESETS, *parts])}")
    for role, choice in wanted:
        part = PARTS[role][choice]
        if part.home == "shipped" and missing_files(part):
            raise FetchError(
                f"the {choice} model for {role} comes with tasnb and is not downloaded; "
                f"make it with: {command_for(part, choice)}"
            )
    return wanted


def fetch_part(part: Part, *, progress: bool = True, snapshot: Callable[..., Any] | None = None) -> Path:
    """Download one part into its folder and check it.

    Parameters
    ----------
    part : Part
        Of the catalogue.
    progress : bool
        Whether bars are drawn on standard error.
    snapshot : callable or None
        Stands in for ``huggingface_hub.snapshot_download``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FetchError
        When it could not be got; a file with a wrong sha256 is removed first.
    """
    folder = folder_of(part)
    folder.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(folder).free) < part.total:
        raise FetchError(f"{folder} has {in_words(free)} free, {in_words(part.total)} are needed; set TASNB_CACHE")
    if part.url is not None:
        _from_url(part, folder, progress=progress)
        for url, file in part.beside:
            _from_url(replace(part, url=url, files=(file,), archive=None), folder, progress=progress)
    else:
        _from_hub(part, folder, progress=progress, snapshot=snapshot)
    if gone := missing_files(part):
        raise FetchError(f"{gone[0][0]} is still missing or has a wrong size after the download; run the command again")
    return folder


def _from_url(part: Part, folder: Path, *, progress: bool) -> None:
    import pooch
    import requests

    file = part.archive or part.files[0]
    target = folder / file.path
    known = None if file.sha256 is None else f"sha256:{file.sha256}"
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            part.url,
            known_hash=known,
            fname=file.path,
            path=folder,
            downloader=ResumingDownloader(target.with_name(target.name + ".part"), progress=progress),
        )
    except ValueError as error:  # pooch has removed the file
        raise FetchError(
            f"{file.path} from {part.url} is not the file that tasnb knows ({error}); {REMOVED}"
        ) from error
    except requests.RequestException as error:
        raise FetchError(f"{part.url} could not be downloaded: {error}. Run the command again: it goes on") from error
    if part.archive is not None:
        with zipfile.ZipFile(target) as archive:
            archive.extractall(folder)  # always: an earlier call may have been stopped halfway


class ResumingDownloader:
    """What pooch calls to fill its temporary file; the bytes wait until all are there.

    Parameters
    ----------
    partial : Path
        Where they wait.
    progress : bool
        Whether a bar is drawn on standard error.
    """

    def __init__(self, partial: Path, *, progress: bool = True) -> None:
        self.partial, self.progress = partial, progress

    def __call__(self, url: str, output_file: str | os.PathLike[str], pooch: Any, check_only: bool = False) -> None:
        """Download, going on after each break.

        Parameters
        ----------
        url : str
            The address.
        output_file : str or path
            pooch's temporary file.
        pooch : object
            The caller; not used.
        check_only : bool
            Not used.

        Raises
        ------
        requests.RequestException
            The last one, when every attempt broke.
        """
        import requests

        for attempt in range(ATTEMPTS):
            try:
                self._go_on(url)
                break
            except requests.HTTPError:
                raise  # the server answered: asking again changes nothing
            except requests.RequestException:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(PAUSE_S * 2**attempt)
        shutil.move(self.partial, output_file)

    def _go_on(self, url: str) -> None:
        import requests
        from tqdm import tqdm

        start = self.partial.stat().st_size if self.partial.exists() else 0
        ask = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with requests.get(url, headers=ask, stream=True, timeout=TIMEOUT_S) as answer:
            if start and answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # nothing is left to send: the file is whole, and its sha256 decides
            answer.raise_for_status()
            if answer.status_code != requests.codes.partial_content:
                start = 0  # a server without ranges sends the whole file again
            length = int(answer.headers.get("Content-Length", 0))
            said = {"unit": "B", "unit_scale": True, "desc": self.partial.stem, "disable": not self.progress}
            bar = tqdm(total=start + length or None, initial=start, **said)
            with bar, open(self.partial, "ab" if start else "wb") as file:
                for chunk in answer.iter_content(2**20):
                    file.write(chunk)
                    bar.update(len(chunk))


def _from_hub(part: Part, folder: Path, *, progress: bool, snapshot: Callable[..., Any] | None) -> None:
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    (enable_progress_bars if progress else disable_progress_bars)()
    try:
        download = snapshot or huggingface_hub.snapshot_download
        download(part.repo, revision=part.revision, allow_patterns=list(part.patterns), local_dir=folder)
    except Exception as error:  # the library lets its HTTP client's errors through, and that client has changed twice
        raise FetchError(
            f"{part.repo} at revision {part.revision} could not be downloaded: {error}. "
            "Run the command again: it goes on"
        ) from error
    for file in part.files:
        path = folder / file.path
        if file.sha256 is not None and path.is_file() and (got := sha256_of(path)) != file.sha256:
            path.unlink()
            raise FetchError(f"{path.name} from {part.repo}: expected sha256 {file.sha256}, got {got}; {REMOVED}")
