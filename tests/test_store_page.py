"""The files of the page: what was built, the detector and the models."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from pathlib import Path

import pytest

from mien.core.errors import ConfigError
from mien.store import page as module
from mien.store.bundle import open_bundle
from mien.store.page import ARCHIVE, built_page, has_page, page_files

BUILT = {"index.html": b"<!doctype html>", "assets/a.js": b"1"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package without an archive yet."""
    monkeypatch.setattr(module, "_package", lambda: tmp_path)
    return tmp_path


def archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as opened:
        folder = tarfile.TarInfo("assets")
        folder.type = tarfile.DIRTYPE
        opened.addfile(folder)
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return lzma.compress(made.getvalue())


def test_built_page_is_the_plain_files_of_the_archive(package: Path) -> None:
    assert not has_page()
    (package / ARCHIVE).write_bytes(archive(BUILT))
    assert has_page()
    assert built_page() == BUILT


def test_without_a_page_it_says_how_to_build_one(package: Path) -> None:
    with pytest.raises(ConfigError, match="make page builds it"):
        built_page()


@pytest.mark.parametrize("damage", ["cut", "tar", "noise"])
def test_damaged_archive_is_refused(package: Path, damage: str) -> None:
    whole = archive(BUILT)
    data = {
        "cut": whole[:-20],
        "tar": lzma.compress(lzma.decompress(whole)[:700]),
        "noise": b"no archive",
    }[damage]
    (package / ARCHIVE).write_bytes(data)
    with pytest.raises(ConfigError, match="damaged"):
        built_page()


def test_listing_names_every_file_and_every_file_is_there() -> None:
    bundle = open_bundle("default")
    files = page_files([bundle, bundle], BUILT)
    listing = json.loads(files["models.json"])
    (entry,) = listing["models"]
    assert entry["name"] == bundle.card.name
    assert entry["parameters"] == bundle.card.parameters
    assert entry["precisions"] == ["fp32", "int8"]
    assert files[f"{entry['folder']}/card.json"] == (bundle.path / "card.json").read_bytes()
    assert files[f"{entry['folder']}/model.onnx"] == bundle.model("fp32")
    assert files[f"{entry['folder']}/model.int8.onnx"] == bundle.model("int8")
    detector = listing["detector"]
    assert set(detector["files"]) == {
        "pnet.onnx", "rnet.onnx", "onet.onnx", "resize.onnx", "halve.onnx"
    }  # fmt: skip
    for name, facts in detector["files"].items():
        data = files[f"{detector['folder']}/{name}"]
        assert facts == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert BUILT.items() <= files.items()
    assert len(files) == len(BUILT) + 1 + 3 + 5


@pytest.mark.parametrize("collects", [False, True])
def test_listing_says_whether_crops_are_collected(collects: bool) -> None:
    files = page_files([open_bundle("default")], BUILT, collects=collects)
    assert json.loads(files["models.json"])["collects"] is collects


def test_exported_page_never_offers_to_teach() -> None:
    listing = page_files([open_bundle("default")], BUILT)["models.json"]
    assert json.loads(listing)["collects"] is False


def test_other_weights_have_another_folder(tmp_path: Path) -> None:
    """A browser that kept the old files must not take them for the new ones."""
    bundle = open_bundle("default")
    for name in ("model.onnx", "model.int8.onnx"):
        (tmp_path / name).write_bytes((bundle.path / name).read_bytes())
    card = json.loads((bundle.path / "card.json").read_bytes())
    (tmp_path / "card.json").write_text(json.dumps({**card, "name": "other"}))
    files = page_files([open_bundle(tmp_path), bundle], BUILT)
    entries = json.loads(files["models.json"])["models"]
    assert [entry["name"] for entry in entries] == ["other", bundle.card.name]
    assert len({entry["folder"] for entry in entries}) == 2


def test_page_without_a_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one model"):
        page_files([], BUILT)
