"""The frame: what the project promises about its own files."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_conda_environment_holds_what_pyproject_holds() -> None:
    lines = (ROOT / "environment.yml").read_text().splitlines()
    listed = [line.split(" # ")[0].strip()[2:].strip() for line in lines if line.startswith("      - ")]
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], "-e ."]
    assert listed == wanted
    assert f"python{PROJECT['requires-python']}" in "".join(lines).replace(" ", "")


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
    assert sum(f.stat().st_size for f in data) <= 40 * 2**20


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


@pytest.mark.slow
def test_the_wheel_finds_its_data(tmp_path: Path) -> None:
    """Build the wheel, unpack it elsewhere, and let a bare interpreter look for the data."""
    import sys
    import zipfile

    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import tasnb, tasnb.core.shipped; print(tasnb.__file__); print(tasnb.core.shipped.data_root())"
    run = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    module, data = run.stdout.split()
    assert Path(module).is_relative_to(tmp_path)
    assert Path(data) == tmp_path / "site" / "tasnb" / "data"
    assert (Path(data) / "models" / "toy" / "spacy" / "meta.json").is_file()
    assert (Path(data) / "reftoy" / "reftoy" / "instances.json").is_file()
