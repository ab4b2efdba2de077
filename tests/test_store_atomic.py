"""A reader sees the old or the new file, never a half."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mien.core.errors import BusyError, InputError
from mien.store.atomic import locked_folder, writing, writing_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestWriting:
    def test_the_file_appears_at_the_end(self, tmp_path):
        target = tmp_path / "rows.jsonl"
        with writing(target) as file:
            file.write("ä\n")
            file.flush()
            assert names(tmp_path) == ["rows.jsonl.part"]
        assert names(tmp_path) == ["rows.jsonl"]
        assert target.read_bytes() == "ä\n".encode()

    def test_bytes(self, tmp_path):
        with writing(tmp_path / "a.bin", "wb") as file:
            file.write(b"\0\r\n")
        assert (tmp_path / "a.bin").read_bytes() == b"\0\r\n"

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_a_failure_leaves_the_old_file(self, tmp_path, error):
        target = tmp_path / "a.txt"
        target.write_text("old")
        with pytest.raises(error), writing(target) as file:  # noqa: PT012 - the block is the point
            file.write("new")
            raise error
        assert names(tmp_path) == ["a.txt"]
        assert target.read_text() == "old"

    def test_success_replaces_the_old_file_and_a_part_left_by_a_kill(self, tmp_path):
        target = tmp_path / "a.txt"
        target.write_text("old and long")
        (tmp_path / "a.txt.part").write_text("left by a kill, and longer than the new text")
        with writing(str(target)) as file:
            file.write("new")
        assert names(tmp_path) == ["a.txt"]
        assert target.read_text() == "new"

    def test_a_link_is_followed(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
        with writing(tmp_path / "link.txt") as file:
            file.write("x")
        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "real" / "a.txt").read_text() == "x"

    def test_a_device_is_written_directly(self):
        with writing("/dev/null") as file:
            file.write("x")
        assert not Path("/dev/null").is_file()
        assert not Path("/dev/null.part").exists()

    @pytest.mark.timeout(20)
    def test_a_pipe_is_written_directly(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        got: list[str] = []
        reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
        reader.start()
        with writing(tmp_path / "pipe") as file:
            file.write("x")
        reader.join()
        assert got == ["x"]
        assert names(tmp_path) == ["pipe"]

    def test_two_writers_of_one_name(self, tmp_path):
        path = tmp_path / "a.txt"
        with writing(path) as first:
            first.write("first")
            with pytest.raises(InputError, match="another run is writing"), writing(path):
                pytest.fail("the second must not begin")
        assert path.read_text() == "first"
        assert names(tmp_path) == ["a.txt"]

    def test_a_part_that_is_a_link_is_not_written_through(self, tmp_path):
        (tmp_path / "precious").write_text("precious")
        (tmp_path / "a.txt.part").symlink_to("precious")
        with writing(tmp_path / "a.txt") as file:
            file.write("new")
        assert (tmp_path / "precious").read_text() == "precious"
        assert (tmp_path / "a.txt").read_text() == "new"
        assert not (tmp_path / "a.txt").is_symlink()

    def test_a_part_that_was_taken_away_is_an_error(self, tmp_path):
        def taken() -> None:
            with writing(tmp_path / "a.txt") as file:
                file.write("mine")
                (tmp_path / "a.txt.part").unlink()
                (tmp_path / "a.txt.part").write_text("theirs")

        with pytest.raises(InputError, match="nothing was written"):
            taken()
        assert names(tmp_path) == ["a.txt.part"]
        assert (tmp_path / "a.txt.part").read_text() == "theirs"

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    def test_new_file_has_the_permissions_of_any_new_file(self, tmp_path):
        (tmp_path / "plain").touch()
        with writing(tmp_path / "ours") as file:
            file.write("x")
        assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode

    def test_permissions_are_kept(self, tmp_path):
        path = tmp_path / "a.txt"
        path.touch()
        path.chmod(0o600)
        with writing(path) as file:
            file.write("new")
        assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
    def test_a_pipe_behind_a_link_is_written_directly(self):
        read, write = os.pipe()
        with writing(f"/dev/fd/{write}") as file:
            file.write("through")
        os.close(write)
        with os.fdopen(read) as end:
            assert end.read() == "through"

    def test_what_cannot_be_written_is_said_before_the_work(self, tmp_path):
        (tmp_path / "file").touch()
        (tmp_path / "circle").symlink_to(tmp_path / "circle")
        for path, message in (
            (tmp_path / "missing" / "a.txt", "no folder .*missing; create it"),
            (tmp_path / "file" / "a.txt", "no folder"),
            (tmp_path, "is a folder"),
            (Path("/"), "has no name"),
            (tmp_path / ("x" * 300), "cannot write"),
            (tmp_path / "circle", "cannot write"),
        ):
            with pytest.raises(InputError, match=message), writing(path):
                pytest.fail("the block must not run")
        assert names(tmp_path) == ["circle", "file"]


class TestWritingFolder:
    def test_the_folder_appears_at_the_end(self, tmp_path):
        with writing_folder(tmp_path / "bundle") as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "a.txt").write_text("x")
            assert names(tmp_path) == ["bundle.part"]
        assert names(tmp_path) == ["bundle"]
        assert (tmp_path / "bundle" / "sub" / "a.txt").read_text() == "x"

    @pytest.mark.parametrize("replace", [True, False])
    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_a_failure_leaves_nothing_behind(self, tmp_path, replace, error):
        target = tmp_path / "bundle"
        with pytest.raises(error), writing_folder(target, replace=replace) as folder:  # noqa: PT012 - the block is the point
            (folder / "a.txt").write_text("x")
            raise error
        assert names(tmp_path) == []

    def test_a_failure_leaves_the_old_folder(self, tmp_path):
        (tmp_path / "bundle").mkdir()
        (tmp_path / "bundle" / "old.txt").write_text("old")
        with (
            pytest.raises(ValueError, match="no"),
            writing_folder(tmp_path / "bundle", replace=True),
        ):
            raise ValueError("no")
        assert names(tmp_path) == ["bundle"]
        assert names(tmp_path / "bundle") == ["old.txt"]

    def test_an_empty_folder_is_filled(self, tmp_path):
        (tmp_path / "bundle").mkdir()
        with writing_folder(tmp_path / "bundle") as folder:
            (folder / "a.txt").touch()
        assert names(tmp_path) == ["bundle"]
        assert names(tmp_path / "bundle") == ["a.txt"]

    def test_a_filled_folder_is_replaced_only_when_asked(self, tmp_path):
        (tmp_path / "bundle").mkdir()
        (tmp_path / "bundle" / "old.txt").touch()
        with pytest.raises(InputError, match="not empty"), writing_folder(tmp_path / "bundle"):
            pytest.fail("the block must not run")
        with writing_folder(tmp_path / "bundle", replace=True) as folder:
            (folder / "new.txt").touch()
        assert names(tmp_path) == ["bundle"]
        assert names(tmp_path / "bundle") == ["new.txt"]

    def test_a_part_left_by_a_kill_is_cleared(self, tmp_path):
        killed = (
            "import os, sys; from mien.store.atomic import writing_folder\n"
            "with writing_folder(sys.argv[1]) as folder:\n"
            "    (folder / 'half.txt').touch(); os._exit(9)\n"
        )
        done = subprocess.run([sys.executable, "-c", killed, str(tmp_path / "bundle")], check=False)
        assert done.returncode == 9
        assert (tmp_path / "bundle.part" / "half.txt").exists()
        with writing_folder(tmp_path / "bundle") as folder:
            (folder / "a.txt").touch()
        assert names(tmp_path) == ["bundle"]
        assert names(tmp_path / "bundle") == ["a.txt"]

    def test_a_part_that_is_not_ours_is_left_alone(self, tmp_path):
        (tmp_path / "bundle.part").mkdir()
        (tmp_path / "bundle.part" / "thesis.txt").write_text("precious")
        with (
            pytest.raises(InputError, match="not left by mien; move it"),
            writing_folder(tmp_path / "bundle"),
        ):
            pytest.fail("the block must not run")
        assert (tmp_path / "bundle.part" / "thesis.txt").read_text() == "precious"

    @pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders cannot be locked here")
    def test_two_writers_of_one_folder(self, tmp_path):
        path = tmp_path / "bundle"
        with writing_folder(path) as first:
            (first / "first.txt").touch()
            with pytest.raises(InputError, match="another run is writing"), writing_folder(path):
                pytest.fail("the second must not begin")
        assert names(path) == ["first.txt"]
        assert names(tmp_path) == ["bundle"]

    def test_a_folder_is_held_once_and_free_afterwards(self, tmp_path):
        with (
            locked_folder(tmp_path),
            pytest.raises(BusyError, match=r"another run is writing .*; wait for it"),
            locked_folder(tmp_path),
        ):
            pytest.fail("held twice")
        with locked_folder(tmp_path):
            pass

    @pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders cannot be locked here")
    def test_a_folder_that_cannot_be_opened_is_not_called_busy(self, tmp_path):
        (tmp_path / "file").touch()
        with (
            pytest.raises(InputError, match=r"cannot write .*file \(Not a directory\)") as told,
            locked_folder(tmp_path / "file"),
        ):
            pytest.fail("the block must not run")
        assert not isinstance(told.value, BusyError)

    def test_a_held_folder_can_be_waited_for(self, tmp_path):
        order: list[str] = []

        def later() -> None:
            with locked_folder(tmp_path, wait=True):
                order.append("second")

        second = threading.Thread(target=later)
        with locked_folder(tmp_path):
            second.start()
            second.join(0.1)
            assert second.is_alive()
            order.append("first")
        second.join()
        assert order == ["first", "second"]

    def test_what_cannot_be_written_is_said_before_the_work(self, tmp_path):
        (tmp_path / "file").touch()
        (tmp_path / "taken.part").touch()
        for path, message in (
            (tmp_path / "missing" / "a", "no folder"),
            (tmp_path / "file", "is a file"),
            (tmp_path / "taken", "taken.part is in the way"),
            (Path("/"), "has no name"),
        ):
            with pytest.raises(InputError, match=message), writing_folder(path):
                pytest.fail("the block must not run")
        assert names(tmp_path) == ["file", "taken.part"]

    def test_a_failed_rename_puts_the_old_folder_back(self, tmp_path, monkeypatch):
        target = tmp_path / "bundle"
        target.mkdir()
        (target / "old.txt").touch()
        rename = Path.rename

        def refuse(self, to):
            if self.name.endswith(".part"):
                raise OSError("no")
            return rename(self, to)

        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(OSError, match="no"), writing_folder(target, replace=True) as folder:
            (folder / "new.txt").touch()
        assert names(tmp_path) == ["bundle"]
        assert names(target) == ["old.txt"]
