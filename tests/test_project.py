"""The frame: what the project promises about its own files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_conda_environment_holds_what_pyproject_holds() -> None:
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = [line.split(" # ")[0].strip()[2:].strip() for line in lines if line.startswith("      - ")]
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], "-e ."]
    assert listed == wanted
    (python,) = [line.split("- ")[1] for line in lines if line.strip().startswith("- python")]
    least = PROJECT["requires-python"].removeprefix(">=")
    assert python == f"python={least}"


def test_binder_reads_the_environment_as_we_mean_it() -> None:
    """repo2docker, buildpacks/conda: X.Y behind one "=" chooses the base, and a local requirement stages the clone."""
    text = (ROOT / "environment.yml").read_text()
    assert re.search(r"- python=3\.\d+$", text, flags=re.M)
    assert re.search(r"^      - -e \.", text, flags=re.M)
    others = (
        "Dockerfile",
        "requirements.txt",
        "runtime.txt",
        "Pipfile",
        "setup.py",
        "binder",
        ".binder",
        "default.nix",
    )
    assert not [name for name in others if (ROOT / name).exists()]  # these would be taken instead, or too


def test_the_lock_pins_with_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock
    pins = re.findall(r"^([a-z0-9_.-]+)==.*?(?=^\S|\Z)", lock, flags=re.M | re.S)
    assert len(pins) > 80
    for block in re.split(r"^(?=[a-z0-9])", lock, flags=re.M):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]
    names = {re.split(r"[\[<>=~; ]", dep)[0].lower().replace("_", "-") for dep in PROJECT["dependencies"]}
    assert names <= set(pins)


def test_no_file_is_too_big() -> None:
    files = [ROOT / name for name in _tracked()]
    assert not [f"{f}: {f.stat().st_size}" for f in files if f.is_file() and f.stat().st_size > 12 * 2**20]
    data = [f for f in files if f.is_file() and f.is_relative_to(ROOT / "data")]
    assert sum(f.stat().st_size for f in data) <= 60 * 2**20


def test_no_pickle_is_shipped() -> None:
    # the reader's own tests need what Python 2 wrote; nothing else does
    suspects = [name for name in _tracked() if name.endswith((".pkl", ".p", ".pickle"))]
    assert not [name for name in suspects if not name.startswith("tests/datasets/python2/")]


def _tracked() -> list[str]:
    try:
        run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    out = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)], cwd=ROOT, check=True, capture_output=True
    )
    return out


@pytest.mark.slow
def test_the_wheel_finds_its_data_and_its_lessons(built: Path, tmp_path: Path) -> None:
    """Unpack the wheel elsewhere, and let a bare interpreter look."""
    (wheel,) = built.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import tasnb as tn; print(tn.__file__, tn.shipped.data_root(), tn.shipped.lessons_root(), "
        "tn.lesson('answers').__file__, len(tn.copy_lessons('here', solutions=True).written))"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {code}"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    *paths, copied = run.stdout.split()
    inside = ("__init__.py", "data", "notebooks", "notebooks/lessons/answers.py")
    assert [Path(path) for path in paths] == [site / "tasnb" / name for name in inside]
    assert int(copied) > 30
    assert (tmp_path / "here" / "solutions" / "00_quickstart.ipynb").is_file()
    data = site / "tasnb" / "data"
    assert (data / "models" / "toy" / "spacy" / "meta.json").is_file()
    assert (data / "reftoy" / "reftoy" / "instances.json").is_file()
    assert (data / "runs" / "toy" / "reftoy-val" / "run.json").is_file()
    assert not (data / "toyworld").exists()
    assert not [path for path in site.rglob("*") if path.suffix in (".pyc", ".ipynb_checkpoints")]


# what a newcomer types, one after the other, in an empty folder; sockets raise, and the demo has fewer scenes
NEWCOMER = """
import json, socket, sys
def refuse(*a, **k): raise OSError('this test allows no network')
socket.socket.connect = refuse; socket.create_connection = refuse; socket.getaddrinfo = refuse
import tasnb
from tasnb.cli import demo, run
demo.SCENES = int(sys.argv[1])
scene = sorted((tasnb.shipped.data_root() / 'reftoy' / 'images').iterdir())[0]
commands = ('doctor|--json', f'segment|{scene}|the left tree|--json', 'demo|--json')[: 3 if demo.SCENES else 2]
codes = [run(command.split('|')) for command in commands]
print(json.dumps({'home': tasnb.__file__, 'codes': codes}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "scenes"), [("hardlink", 2), ("symlink", 0)])
def test_an_installed_wheel_runs_where_its_files_are_links(built: Path, tmp_path: Path, mode: str, scenes: int) -> None:
    """As uv, conda and others lay files out; NLTK refuses to read such files itself."""
    pytest.importorskip("uv", reason="make installs uv beside the library")
    (wheel,) = built.glob("*.whl")
    site, here = tmp_path / "site", tmp_path / "empty"
    here.mkdir()
    install = ["install", "--offline", "--no-deps", "--link-mode", mode, "--target", str(site), str(wheel)]
    own = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv")}  # on the same disk, so that links are possible
    subprocess.run([sys.executable, "-m", "uv", "pip", *install], check=True, capture_output=True, env=own)
    nouns = site / "tasnb" / "data" / "models" / "toy" / "wordnet" / "data.noun"
    assert nouns.is_symlink() if mode == "symlink" else nouns.stat().st_nlink > 1
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:tasnb", "-c", NEWCOMER, str(scenes)],
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(site), "TASNB_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"},
    )
    print(f"doctor, segment, demo on {scenes} scenes (none: no demo): {time.perf_counter() - started:.0f} s")
    assert run.returncode == 0, run.stderr[-2000:]
    doctor, segment, *demo, ended = (json.loads(line) for line in run.stdout.splitlines())
    assert ended == {"home": str(site / "tasnb" / "__init__.py"), "codes": [0] * (2 + len(demo))}, run.stderr[-2000:]
    assert {each["name"]: each["ready"] for each in doctor["presets"]}["toy"] is True
    assert segment["domain_note"] == ""
    assert (here / segment["files"]["mask"]).is_file()
    assert len(demo) == bool(scenes)
    for printed in demo:
        assert printed["ablation"]["images"] == scenes
        assert printed["ablation"]["n"] >= 3 * scenes


@pytest.mark.slow
def test_the_sdist_holds_what_the_wheel_is_made_of(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"notebooks/00_quickstart.ipynb", "notebooks/lessons/answers.py", "data/toyworld/train.py"} <= names
    assert {"data/toyworld/runs.py", "data/runs/toy/reftoy-val/run.json"} <= names
    assert {"tasnb/py.typed", "README.md", "pyproject.toml"} <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_every_row_of_the_method_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 15
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {name}"
    rows = [line for line in text.split("## 2.")[1].split("## 3.")[0].splitlines() if line.startswith("| ")][1:]
    for row in rows:
        assert "`tests/" in row or "**not followed**" in row, row
