"""Writing files and folders so that a reader sees the old or the new one, never a half."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, overload

from mien.core.errors import BusyError, InputError

_PART = ".part"
_MARK = ".mien-part"  # in a folder that is being written: it is ours, and may be removed


@overload
def writing(path: Path | str, mode: Literal["w"] = "w") -> AbstractContextManager[IO[str]]: ...
@overload
def writing(path: Path | str, mode: Literal["wb"]) -> AbstractContextManager[IO[bytes]]: ...
def writing(path: Path | str, mode: Literal["w", "wb"] = "w") -> AbstractContextManager[IO[Any]]:
    """Open ``PATH.part`` for writing; it becomes ``PATH`` when the block succeeds.

    Text is UTF-8 with one newline character per line end on every system. When the block raises,
    the part is removed and an existing ``PATH`` stays as it was. A part left by a killed run is
    written again; one that another run is writing is refused. The new file has the permissions of
    the old one. A symbolic link is followed, not replaced. A device or a pipe (``/dev/null``,
    ``/dev/stdout``) cannot be renamed onto and is written directly. The parent folder is never
    created, so that a mistyped path is noticed before the work starts and not after it.

    Raises:
        InputError: If the parent folder is missing, ``path`` is a folder, another run is writing
            it, or the system refuses.
    """
    return _writing(Path(path), mode)


@contextmanager
def _writing(path: Path, mode: str) -> Generator[IO[Any]]:
    target, kind = _target(path)
    if kind == "folder":
        raise InputError(f"{path} is a folder; give the name of a file")
    if kind == "device":
        with _opened(target, mode) as file:
            yield file
        return
    part = target.with_name(target.name + _PART)
    file = _part_file(part, path, mode)
    ours = os.fstat(file.fileno())
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if kind == "file":
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            if os.name == "posix":
                _replace(ours, part, target)  # while it is locked; Windows wants it closed
        if os.name != "posix":
            _replace(ours, part, target)
    except BaseException:
        if _is_same(ours, part):
            part.unlink()
        raise
    _sync_folder(target.parent)


@contextmanager
def writing_folder(
    path: Path | str, *, replace: bool = False, durable: bool = True
) -> Generator[Path]:
    """Fill the folder ``PATH.part``; it becomes ``PATH`` when the block succeeds.

    A ``PATH.part`` left by a killed run is removed first; one that another run is writing, or that
    is not of this function's making, is refused. When the block raises, the part is removed and an
    existing ``PATH`` stays as it was. Replacing takes two renames, because no portable call swaps
    folders: a kill between them leaves the new folder as ``PATH.part`` and the old one in
    ``.PATH.old-*`` beside it.

    Without ``durable``, files are not forced to disk one by one: for thousands of small files that
    can be written again, where that would take most of the time.

    Raises:
        InputError: If ``PATH`` holds anything and ``replace`` is not set, is a file, its parent
            folder is missing, another run is writing it, ``PATH.part`` holds something else, or
            the system refuses.
    """
    target, kind = _target(Path(path))
    if kind in {"file", "device"}:
        raise InputError(f"{path} is a file; give the name of a folder")
    part = target.with_name(target.name + _PART)
    try:
        if kind == "folder" and not replace and any(target.iterdir()):
            raise InputError(f"{path} is not empty; choose another name")
        _remove_left(part, path)
        part.mkdir()
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror or error})") from error
    with locked_folder(part, path):
        try:
            (part / _MARK).touch()
            yield part
            if durable:
                _sync_tree(part)
            _swap(part, target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        (target / _MARK).unlink(missing_ok=True)
    _sync_folder(target.parent)


@contextmanager
def locked_folder(
    folder: Path, path: Path | str | None = None, *, wait: bool = False
) -> Generator[None]:
    """Hold ``folder`` for this process until the block ends; a kill lets it go.

    Where folders cannot be locked (Windows, some network file systems) nothing is held.

    Args:
        folder: An existing folder.
        path: What the error calls it; None = ``folder``.
        wait: Wait until another run lets it go.

    Raises:
        BusyError: If another run holds it, or has just moved it away.
        InputError: If the system does not let it be opened.
    """
    if not hasattr(os, "O_DIRECTORY"):
        yield
        return
    busy = BusyError(
        f"another run is writing {path or folder}; wait for it, or choose another name", folder
    )
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise busy from error
    except OSError as error:
        raise InputError(f"cannot write {path or folder} ({error.strerror or error})") from error
    try:
        if not _lock(handle, wait=wait):
            raise busy
        yield
    finally:
        os.close(handle)


def _remove_left(part: Path, path: Path | str) -> None:
    """Remove the part that a killed run left; whatever else has its name is refused.

    Raises:
        InputError: If another run is writing it, or it was not made by ``writing_folder``.
    """
    if not os.path.lexists(part):
        return
    if part.is_dir() and not part.is_symlink():
        with locked_folder(part, path):
            if (part / _MARK).is_file() or not any(part.iterdir()):
                shutil.rmtree(part)
                return
    raise InputError(
        f"{part} is in the way and was not left by mien; move it, or choose another name than "
        f"{path}"
    )


def _target(path: Path) -> tuple[Path, Literal["nothing", "file", "folder", "device"]]:
    """The real place behind ``path``, whose parent is a folder, and what is there now."""
    try:
        if _is_device(path):  # before links are followed: a pipe in /proc has no name to follow to
            return path, "device"
        target = path.resolve()
        if not target.name:
            raise InputError(f"{path} has no name to write to; give a file or folder name")
        if not target.parent.is_dir():
            raise InputError(f"no folder {target.parent}; create it, or correct the path")
        mode = target.stat().st_mode
    except FileNotFoundError:
        return path.resolve(), "nothing"
    except (OSError, RuntimeError) as error:  # links in a circle are a RuntimeError before 3.13
        raise InputError(f"cannot write {path} ({error})") from error
    if stat.S_ISDIR(mode):
        return target, "folder"
    return target, "file" if stat.S_ISREG(mode) else "device"


def _is_device(path: Path) -> bool:
    """Whether something is there that is neither file nor folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _part_file(part: Path, path: Path, mode: str) -> IO[Any]:
    """A new file of that name, locked until it is closed."""
    try:
        if _held(part):
            raise BusyError(
                f"another run is writing {path}; wait for it, or choose another name", part
            )
        part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(part, flags, 0o666)  # as open() does: data are no programs
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror or error})") from error
    _lock(handle)
    if mode == "wb":
        return open(handle, "wb")  # noqa: PTH123 - a handle, not a path
    return open(handle, "w", encoding="utf-8", newline="\n")  # noqa: PTH123


def _replace(ours: os.stat_result, part: Path, target: Path) -> None:
    """Rename the part, unless another run took its place in the moment before it was locked."""
    if not _is_same(ours, part):
        raise BusyError(f"another run is writing {target}; nothing was written, do it again", part)
    part.replace(target)


def _is_same(ours: os.stat_result, part: Path) -> bool:
    try:
        return os.path.samestat(ours, part.lstat())
    except FileNotFoundError:
        return False


def _held(part: Path) -> bool:
    """Whether a part is there that a running process writes."""
    if part.is_symlink() or not part.is_file():
        return False
    handle = os.open(part, os.O_RDONLY)
    try:
        return not _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int, *, wait: bool = False) -> bool:
    """Take the lock of an open file; False = another process has it, and was not waited for.

    Where there are no such locks (Windows) the system itself refuses to remove an open file.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # network file systems without locks
    return True


def _opened(path: Path, mode: str) -> IO[Any]:
    try:
        if mode == "wb":
            return path.open("wb")
        return path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror or error})") from error


def _swap(part: Path, target: Path) -> None:
    """Rename ``part`` to ``target``; an old folder waits in a hidden one beside it meanwhile."""
    if not target.exists():
        part.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
    try:
        target.rename(aside / target.name)
        try:
            part.rename(target)
        except BaseException:
            (aside / target.name).rename(target)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system lets folders be synced (not Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError:
        return  # network and overlay file systems may refuse; the data itself is synced
    finally:
        os.close(handle)
