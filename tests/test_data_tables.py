"""Packings of tables, and what damage to them says."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from mien.core.errors import DataError
from mien.data.readers.tables import header_columns, numbered_rows, open_table

TEXT = "a,b\n1,2\n"


def packed(path: Path, members: dict[str, str]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():
                archive.writestr(name, text)
        return path
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def read(path: Path) -> list[list[str]]:
    with open_table(path) as lines:
        return [row for _, row in numbered_rows(lines, path.name)]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.zip", "t.tar", "t.tar.gz", "misnamed"])
def test_every_packing_gives_the_same_rows(tmp_path, name):
    path = tmp_path / name
    if name in {"t.csv", "misnamed"}:
        path.write_text(TEXT)
    elif name == "t.csv.gz":
        path.write_bytes(gzip.compress(TEXT.encode()))
    else:
        packed(path, {"inner/t.CSV": TEXT, "README": "words"})
    assert read(path) == [["a", "b"], ["1", "2"]]


def test_the_packing_is_told_by_content_not_by_name(tmp_path):
    path = packed(tmp_path / "t.zip", {"t.csv": TEXT}).rename(tmp_path / "fer2013.csv")
    assert read(path) == [["a", "b"], ["1", "2"]]


def test_byte_order_mark_and_windows_lines_are_dropped(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n")
    assert read(path) == [["a", "b"], ["1", "2"]]


def test_rows_are_numbered_with_the_blank_ones():
    assert list(numbered_rows(["a\n", "\n", "b"], "t")) == [(1, ["a"]), (3, ["b"])]


def test_quoted_cells_may_hold_commas_and_line_ends():
    lines = ["a,b\n", '"1,5","two\n', 'lines"\n', "3,4\n"]
    assert [row for _, row in numbered_rows(lines, "t")] == [
        ["a", "b"],
        ["1,5", "two\nlines"],
        ["3", "4"],
    ]


def test_a_quote_that_never_ends_is_named_with_the_last_good_row():
    with pytest.raises(DataError, match=r"t, after row 1: the file ends early or is damaged"):
        list(numbered_rows(["a,b\n", '"1,2\n', "3,4\n"], "t"))


def test_columns_are_found_without_regard_to_blanks_and_case():
    assert header_columns(["emotion", " Usage", " pixels"]) == {
        "emotion": 0, "usage": 1, "pixels": 2,
    }  # fmt: skip


def test_whole_table_is_chosen_among_those_of_the_challenge(tmp_path):
    members = {"train.csv": "x\n", "fer2013/fer2013.csv": TEXT, "__MACOSX/t.csv": "", "._t.csv": ""}
    assert read(packed(tmp_path / "t.zip", members)) == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize(
    ("members", "found"),
    [({"a.txt": "x"}, "none"), ({"a.csv": "x", "b.csv": "y"}, r"'a\.csv', 'b\.csv'")],
)
def test_archives_without_a_single_table_are_refused(tmp_path, suffix, members, found):
    path = packed(tmp_path / f"t{suffix}", members)
    with pytest.raises(DataError, match=f"expected one .csv inside, found {found}; unpack it"):
        read(path)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: cannot be read"):
        read(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_truncated_gzip_is_refused(tmp_path, keep):
    whole = gzip.compress("".join(f"{i},{i * i}\n" for i in range(20000)).encode())
    path = tmp_path / "t.csv.gz"
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=r"after row \d+: the file ends early or is damaged"):
        read(path)


def test_altered_gzip_is_refused(tmp_path):
    whole = bytearray(gzip.compress("".join(f"{i},{i * i}\n" for i in range(20000)).encode()))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "t.csv.gz"
    path.write_bytes(whole)
    with pytest.raises(DataError, match=r"after row \d+: the file ends early or is damaged"):
        read(path)


def test_gzip_cut_within_its_header_is_refused(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:6])
    with pytest.raises(DataError, match="cannot be read"):
        read(path)


def test_truncated_zip_is_refused(tmp_path):
    path = packed(tmp_path / "t.zip", {"t.csv": TEXT * 100})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"t\.zip: cannot be read"):
        read(path)


def test_zip_with_altered_content_is_refused(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("t.csv", TEXT)
    path.write_bytes(path.read_bytes().replace(b"1,2", b"1,3"))
    with pytest.raises(DataError, match=r"after row \d+: the file ends early or is damaged.*CRC"):
        read(path)


def test_zip_with_a_password_is_refused(tmp_path):
    path = packed(tmp_path / "t.zip", {"t.csv": TEXT})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # general purpose flag: encrypted, in the local header ...
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # ... and in the directory
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"cannot be unpacked .*password.*; unpack it first"):
        read(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\xff\xfe\n")
    with pytest.raises(DataError, match="the file ends early or is damaged"):
        read(path)
