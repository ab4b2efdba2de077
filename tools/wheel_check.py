"""Build the wheel, install it in a clean environment elsewhere, and use it there.

``python tools/wheel_check.py PICTURE`` ends with an error unless the installed package has no
torch, takes at most 200 MB, carries its licences, finds one happy face in the picture, and serves
the page where it was built.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 200
_PROBE = """
import importlib.metadata, json, mien
from importlib.util import find_spec
own = importlib.metadata.distribution("mien")
print(json.dumps({
    "home": mien.__file__,
    "torch": find_spec("torch") is not None,
    "licences": sorted(f.name for f in own.files if f.parts[-2] == "licenses"),
}))
"""


def run(*command: object, cwd: Path) -> str:
    """Run a command outside the checkout's environment; stop with its words if it fails."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        line = " ".join(map(str, command))
        sys.exit(f"{line} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def megabytes(folder: Path) -> float:
    """Size of all files below ``folder``, compiled ones included."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) / 1e6


def check(picture: Path, work: Path) -> None:
    """Build, install and use the wheel below ``work``."""
    run(sys.executable, "-m", "build", "--wheel", "--outdir", work, ROOT, cwd=work)
    (wheel,) = work.glob("*.whl")
    venv.create(work / "env", with_pip=True)
    python = work / "env" / "bin" / "python"
    site = run(python, "-I", "-c", "import sysconfig as s; print(s.get_path('purelib'))", cwd=work)
    bare = megabytes(Path(site.strip()))  # pip, and setuptools before Python 3.12
    pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "-c", ROOT / "constraints.txt", wheel, cwd=work)

    found = json.loads(run(python, "-I", "-c", _PROBE, cwd=work))
    size = megabytes(Path(site.strip())) - bare
    assert Path(found["home"]).is_relative_to(work), f"mien was imported from {found['home']}"
    assert not found["torch"], "torch was installed beside the using half"
    assert found["licences"] == ["LICENSE", "THIRD_PARTY.md"], found["licences"]
    assert size <= LIMIT_MB, f"installed size is {size:.0f} MB, expected at most {LIMIT_MB}"

    mien = work / "env" / "bin" / "mien"
    (line,) = run(mien, "analyze", picture, "--json", cwd=work).splitlines()
    labels = [face["label"] for face in json.loads(line)["faces"]]
    assert labels == ["happy"], f"expected one happy face in {picture.name}, got {labels}"
    page = "no page in it (make page)"
    if any(name.endswith("page.tar.xz") for name in zipfile.ZipFile(wheel).namelist()):
        run(*pip, "-c", ROOT / "constraints.txt", f"{wheel}[serve]", cwd=work)
        page = f"page of {check_page(mien, work)} files served without Node"
    print(
        f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, installed {size:.1f} MB with all it "
        f"needs, no torch; {picture.name}: {', '.join(labels)}; {page}"
    )


def check_page(mien: Path, work: Path) -> int:
    """Start the installed server, fetch the page and what its listing names; how many files."""
    line = [str(mien), "serve", "--port", "0"]
    with subprocess.Popen(line, cwd=work, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            words = process.stderr.readline()
            found = re.search(r"listening on (http://[^ ]+)", words)
            assert found is not None, f"mien serve said {words!r}"
            listing = json.loads(fetched(f"{found[1]}/models.json"))
            detector, models = listing["detector"], listing["models"]
            paths = ["", *(f"{detector['folder']}/{name}" for name in detector["files"])]
            paths += [f"{model['folder']}/card.json" for model in models]
            assert b"<!doctype html>" in fetched(found[1] + "/").lower()
            assert all(fetched(f"{found[1]}/{path}") for path in paths)
            return len(paths) + 1
        finally:
            process.terminate()


def fetched(url: str) -> bytes:
    """The body of an answer; an error for anything but success."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/wheel_check.py PICTURE")
    with tempfile.TemporaryDirectory() as folder:
        check(Path(sys.argv[1]).resolve(), Path(folder).resolve())
