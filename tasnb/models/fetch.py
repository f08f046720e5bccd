"""Downloads: the only module of the package that touches the network, and only when ``tasnb fetch`` calls it.

Single files come over HTTP (sha256 checked before the file gets its name, transfers resumed); folders
come from the Hugging Face hub through huggingface_hub (a pinned revision, resumed by the library, sha256 of the large
files checked). What another program has downloaded before, or a user has put into a folder, is taken from there.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tasnb.core.errors import MissingFileError, UserError, in_one_line
from tasnb.core.file_kinds import refuse_foreign
from tasnb.core.writing import replacing
from tasnb.models.adapters import require_opens
from tasnb.models.catalogue import PARTS, PRESETS, ROLES, File, Part, Role
from tasnb.models.names import canonical
from tasnb.models.places import command_for, folder_of, hub_folder, in_words, is_there, missing_files
from tasnb.models.weights import sha256_of

ATTEMPTS = 4  # a transfer that breaks goes on where it stopped, this often in one call
PAUSE_S = 1.0  # before the second attempt; twice as long before each further one
UNVERIFIED = " (its content is not pinned: tasnb knows no checksum of it)"
REMOVED = "it was removed. Try again later, and report it if it stays so"
TIMEOUT_S = 30.0  # without a byte
# in what requests, httpx and huggingface_hub say when nothing answers
_NO_NETWORK = re.compile(
    "name resolution|NameResolution|Name or service|getaddrinfo|ConnectError|Connection refused|Network is unreachable|"
    "offline mode|LocalEntryNotFound|check your internet|outgoing traffic has been disabled",
    re.IGNORECASE,
)
HUB = "https://huggingface.co"
KEPT = ("~/.cache/torch/hub/checkpoints", "~/.cache/clip")  # where torch.hub and open_clip keep single files


class FetchError(UserError):
    """A download that did not succeed: says what was expected, what came, and what to do."""


class Wanted(NamedTuple):
    """One file of a part, for someone who gets it on another machine.

    Parameters
    ----------
    part : str
        Its name in the catalogue.
    address : str
        Where it comes from.
    size : int or None
        Bytes, None where not known.
    sha256 : str or None
        Of its content, None where not known.
    target : Path
        Where it belongs on this machine.
    present : bool
        Whether it is there.
    """

    part: str
    address: str
    size: int | None
    sha256: str | None
    target: Path
    present: bool


def fetch(preset: str, *, progress: bool = True, source: Path | None = None) -> Iterator[str]:
    """Get what a preset or one part lacks.

    Parameters
    ----------
    preset : str
        Its name, or a part's, such as "RN50", "vit_l" or "microsoft/git-base-coco".
    progress : bool
        Whether bars are drawn on standard error.
    source : Path or None
        A folder with files that were got elsewhere: they are taken from there, and nothing is downloaded.

    Yields
    ------
    str
        A line on each part.

    Raises
    ------
    UserError
        For an unknown name.
    FetchError
        When a part could not be got or is not what it should be.

    Notes
    -----
    Parts that are complete are left alone, so an interrupted call can be repeated; a file that is damaged, of another
    size or sha256 is removed and got again.
    """
    if source is not None and not source.is_dir():
        raise MissingFileError(
            f"--from: no such folder: {source}; expected one with the files of tasnb fetch {preset} --list"
        )
    lacking: list[str] = []
    for role, choice in _wanted(preset):
        part = PARTS[role][choice]
        _remove_wrong(part, folder_of(part))
        if not missing_files(part):
            yield f"{choice}: present in {folder_of(part)}"
            continue
        if source is not None:
            lacking += [f"{choice}: {line}" for line in take(part, source)]
            if not missing_files(part):
                yield f"{choice}: taken from {source}, complete in {folder_of(part)}"
            continue
        address = part.repo or part.url
        yield f"{choice}: {in_words(part.total or None)} from {address}{'' if part.verified else UNVERIFIED}"
        fetch_part(part, progress=progress)
        yield f"{choice}: complete in {folder_of(part)}"
    if lacking:
        raise FetchError(
            f"{source} does not hold all of {preset}: {'; '.join(lacking)}. tasnb fetch {preset} --list says what and "
            "from where"
        )


def listing(preset: str) -> list[Wanted]:
    """List the files of a preset or part, for getting them on another machine.

    Parameters
    ----------
    preset : str
        As for `fetch`.

    Returns
    -------
    list of Wanted
        Those that ship left out.

    Raises
    ------
    UserError
        For an unknown name.
    """
    found = []
    for role, choice in _wanted(preset):
        part = PARTS[role][choice]
        folder = folder_of(part)
        for address, file in _files_of(part):
            there = not missing_files(part) if file is part.archive else is_there(file, folder)
            found.append(Wanted(choice, address, file.size, file.sha256, folder / file.path, there))
    return found


def _files_of(part: Part) -> list[tuple[str, File]]:
    """What has to be got for a part, each with its address; nothing for one that ships."""
    if part.url is not None:
        return [(part.url, part.archive or part.files[0]), *part.beside]
    if part.repo is None:
        return []
    where = f"{HUB}/{part.repo}"
    return [
        (f"{where}/tree/{part.revision}" if "*" in file.path else f"{where}/resolve/{part.revision}/{file.path}", file)
        for file in part.files
    ]


def _wanted(name: str) -> list[tuple[Role, str]]:
    if name in PRESETS:
        wanted = [*PRESETS[name].choices(), *PRESETS[name].also]
    else:
        wanted = [(role, known) for role in ROLES if (known := canonical(role, name)) is not None]
    if not wanted:
        parts = [choice for choices in PARTS.values() for choice in choices if choice not in PRESETS]
        raise UserError(f"nothing to fetch is called {name!r}; choose from {', '.join([*PRESETS, *parts])}")
    for role, choice in wanted:
        part = PARTS[role][choice]
        if part.home == "shipped" and missing_files(part):
            raise FetchError(
                f"the {choice} model for {role} comes with tasnb and is not downloaded; "
                f"make it with: {command_for(part, choice)}"
            )
    return wanted


def fetch_part(part: Part, *, progress: bool = True, snapshot: Callable[..., Any] | None = None) -> Path:
    """Get one part into its folder and check it.

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
        When it could not be got; a file with a wrong size or sha256 is removed first.
    """
    folder = folder_of(part)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_wrong(part, folder)
    _take_kept(part, folder)
    if part.archive is None and not missing_files(part):
        return folder
    needed = _still_needed(part, folder)
    if (free := shutil.disk_usage(folder).free) < needed:
        raise FetchError(f"{folder} has {in_words(free)} free, {in_words(needed)} are needed; set TASNB_CACHE")
    source, new = f"{part.repo} at revision {part.revision}", _lacking(part, folder)
    waiting = "" if part.url is None else ".part"  # what a file's name ends with until its content is checked
    try:
        if part.url is None:
            _from_hub(part, folder, progress=progress, snapshot=snapshot)
        else:
            for source, file in new:
                _from_url(source, folder / f"{file.path}{waiting}", progress=progress)
    except Exception as error:  # the hub's library lets its HTTP client's errors through, and that has changed twice
        raise FetchError(
            f"{source} could not be downloaded: {_why(error)}. Run the command again: it goes on{_by_hand(part)}"
        ) from error
    for address, file in new:
        path = folder / f"{file.path}{waiting}"
        if "*" in file.path or not path.is_file():
            continue
        if fault := _fault(path, file):
            path.unlink()
            raise FetchError(f"{address} gave something else: {fault}; {REMOVED}{_by_hand(part)}")
        path.replace(folder / file.path)
    if part.archive is not None:
        _unpack(folder / part.archive.path, folder)
    if gone := missing_files(part):
        raise FetchError(
            f"{gone[0][0]} is still missing or has a wrong size after the download; run the command again"
            f"{_by_hand(part)}"
        )
    return folder


def _lacking(part: Part, folder: Path) -> list[tuple[str, File]]:
    """What of ``_files_of`` is not there."""
    return [(address, file) for address, file in _files_of(part) if not is_there(file, folder)]


def _still_needed(part: Part, folder: Path) -> int:
    """Bytes that are still to come: of a part whose sizes are known those that lack, of others all."""
    lacking = [file for _, file in _lacking(part, folder)]
    large = [file.size for _, file in _files_of(part) if (file.size or 0) > part.total // 2]
    if large and not any(file.size in large for file in lacking):  # only small ones lack
        return sum(file.size or 0 for file in lacking)
    return part.total


def _remove_wrong(part: Part, folder: Path) -> None:
    """Remove what is no file of the part (of another size or sha256, cut off, a web page): a retry would keep it."""
    for _, file in _files_of(part):
        path = folder / file.path
        if "*" not in file.path and path.is_file() and not _is_sound(path, file):
            path.unlink()
    archive = None if part.archive is None else folder / part.archive.path
    if archive is not None and archive.is_file():
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                path = folder / member.filename
                if path.is_file() and zlib.crc32(path.read_bytes()) != member.CRC:
                    path.unlink()


def _is_sound(path: Path, file: File) -> bool:
    """Whether a file is the one of the catalogue, or where no sha256 tells, opens as what its name says."""
    try:
        if file.sha256 is None:
            require_opens(path, file.path)
    except UserError:
        return False
    return not _fault(path, file)


def _by_hand(part: Part) -> str:
    """What to do on a machine without a network."""
    folder = folder_of(part)
    lacking = [f"{address} as {folder / file.path}" for address, file in _lacking(part, folder)]
    if not lacking:
        return ""
    called = next((name for of in PARTS.values() for name, each in of.items() if each == part), part.folder)
    more = f" and {len(lacking) - 1} more (tasnb fetch {called} --list)" if len(lacking) > 1 else ""
    return f". Without a network, put {lacking[0]}{more}, or name a folder with it: tasnb fetch {called} --from FOLDER"


def _why(error: Exception) -> str:
    """What a transfer failed of, in few words where it is the network."""
    text = in_one_line(error) or " ".join(str(error).split())
    if _NO_NETWORK.search(text):
        return "the server cannot be reached (no network, a firewall, or HF_HUB_OFFLINE)"
    return text


def take(part: Part, source: Path) -> list[str]:
    """Copy a part's files out of a folder that somebody filled.

    Parameters
    ----------
    part : Part
        Of the catalogue.
    source : Path
        The files lie in it or in folders below, under their own names; those of one repository side by side.

    Returns
    -------
    list of str
        What lacks, and what is not the file that it should be; empty when the part is complete.
    """
    folder, problems = folder_of(part), []
    files = [file for _, file in _files_of(part)]
    main = max(files, key=lambda file: (file.sha256 is not None, file.size or 0, file is files[-1]))
    beside = (_inside(source, main.path) or [source])[0].parent if len(files) > 1 else None
    for file in files:
        if is_there(file, folder):
            continue
        found = _inside(beside or source, file.path) or ([] if file.sha256 is None else _inside(source, file.path))
        right = next((path for path in found if not _fault(path, file)), None)
        if right is None:
            problems.append(f"{found[0]}: {_fault(found[0], file)}" if found else f"no {file.path}")
        else:
            _link(right, folder / (right.name if "*" in file.path else file.path))
    if part.archive is not None and not problems:
        _unpack(folder / part.archive.path, folder)
    return problems


def _inside(folder: Path, name: str) -> list[Path]:
    """Files of that name in a folder, the shallower first."""
    last = Path(name).name
    return sorted(
        (path for path in folder.rglob(last) if path.is_file()), key=lambda path: (len(path.parts), str(path))
    )


def _fault(path: Path, file: File) -> str:
    """Why a file is not the one of the catalogue, as far as that knows it; "" where it may be."""
    try:
        refuse_foreign(path, file.path)
    except UserError as error:
        return str(error)
    if file.size not in (None, size := path.stat().st_size):
        return f"expected {file.size:,} bytes, got {size:,}"
    if file.sha256 is not None and (got := sha256_of(path)) != file.sha256:
        return f"expected sha256 {file.sha256}, got {got}"
    return ""


def _take_kept(part: Part, folder: Path) -> None:
    """Take what other programs have downloaded: whole snapshots of our revision, else files whose sha256 is known."""
    if part.repo is not None:
        for revision in (part.revision, None):
            kept = hub_folder(part.repo, revision)
            for path in [] if kept is None else sorted(kept.iterdir()):
                file = next((file for file in part.files if Path(path.name).match(file.path)), File(path=path.name))
                allowed = revision is not None or file.sha256 is not None
                listed = any(Path(path.name).match(pattern) for pattern in part.patterns)
                wanted = allowed and listed and path.is_file() and not (folder / path.name).exists()
                if wanted and not _fault(path, file):
                    _link(path, folder / path.name)
        return
    for _, file in _files_of(part):
        if file.sha256 is None or is_there(file, folder):
            continue
        for place in KEPT:
            path = Path(place).expanduser() / Path(file.path).name
            if path.is_file() and not _fault(path, file):
                _link(path, folder / file.path)


def _link(source: Path, target: Path) -> None:
    """A second name for the same bytes where the file system has that, else a copy; never half a file."""
    with replacing(target, lasting=False) as temporary:
        try:
            os.link(source.resolve(), temporary)
        except OSError:  # another disk, or none that knows links
            shutil.copyfile(source, temporary)


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)  # always: an earlier call may have been stopped halfway
    except zipfile.BadZipFile as error:
        path.unlink()
        raise FetchError(f"{path} is no archive, or damaged ({error}); {REMOVED}") from error


def _from_url(url: str, partial: Path, *, progress: bool) -> None:
    """Download one file, going on after each break."""
    import requests

    for attempt in range(ATTEMPTS):
        try:
            _go_on(url, partial, progress=progress)
            break
        except requests.HTTPError:
            raise  # the server answered: asking again changes nothing
        except requests.RequestException:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE_S * 2**attempt)


def _go_on(url: str, partial: Path, *, progress: bool) -> None:
    import requests
    from tqdm import tqdm

    start = partial.stat().st_size if partial.exists() else 0
    ask = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=ask, stream=True, timeout=TIMEOUT_S) as answer:
        if start and answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is left to send: the file is whole, and its sha256 decides
        answer.raise_for_status()
        if answer.status_code != requests.codes.partial_content:
            start = 0  # a server without ranges sends the whole file again
        length = int(answer.headers.get("Content-Length", 0))
        said = {"unit": "B", "unit_scale": True, "desc": partial.stem, "disable": not progress}
        bar = tqdm(total=start + length or None, initial=start, **said)
        with bar, open(partial, "ab" if start else "wb") as file:
            for chunk in answer.iter_content(2**20):
                file.write(chunk)
                bar.update(len(chunk))


def _from_hub(part: Part, folder: Path, *, progress: bool, snapshot: Callable[..., Any] | None) -> None:
    import huggingface_hub
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars, logging

    (enable_progress_bars if progress else disable_progress_bars)()
    usual = logging.get_verbosity()
    logging.set_verbosity_error()  # its tries without a network would be ten lines before the one that tells
    try:
        download = snapshot or huggingface_hub.snapshot_download
        download(part.repo, revision=part.revision, allow_patterns=list(part.patterns), local_dir=folder)
    finally:
        logging.set_verbosity(usual)  # it is the whole process's
