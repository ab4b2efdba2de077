"""Every error mien raises on purpose.

    MienError
    ├── InputError (ValueError)            a value that breaks a documented rule
    │   ├── BusyError                      a file or folder that another process is writing
    │   └── LabelError                     a label or label space that cannot be used or mapped
    ├── ImageDecodeError (ValueError)      a picture that cannot be read whole
    ├── VideoDecodeError (ValueError)      a video that cannot be read, or not to its end
    ├── DataError (ValueError)             a data set whose rows, votes or folders are wrong
    ├── BundleError (ValueError)           a bundle that is damaged, altered or too new
    ├── ConfigError (ValueError)           a configuration with a wrong key or value
    │   └── OtherRunError                  a run that was begun with other settings or rows
    ├── UnknownNameError (LookupError)     a name that no registry holds
    ├── MissingExtraError (ImportError)    an optional dependency that is not installed
    ├── DeviceError (RuntimeError)         a device that was asked for and is not there
    ├── DivergedError (ArithmeticError)    a training whose loss or answers are no finite numbers
    └── ExportError (RuntimeError)         an exported graph that disagrees with its network

Each message says what was expected, what came instead, and what to do.
"""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path


class MienError(Exception):
    """Base of all errors that mien raises on purpose."""


class MienWarning(UserWarning):
    """Something works, but not as well as it should; the message says what to do."""


class InputError(MienError, ValueError):
    """A value breaks a documented rule (shape, dtype, range)."""


class BusyError(InputError):
    """Another process is writing the file or folder.

    Args:
        message: What is written.
        path: The file or folder that is locked.
    """

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class LabelError(InputError):
    """A label or a label space cannot be used or mapped as asked."""


class ImageDecodeError(MienError, ValueError):
    """A picture cannot be decoded completely and safely."""


class VideoDecodeError(MienError, ValueError):
    """A video cannot be decoded, or not to its end."""


class DataError(MienError, ValueError):
    """A data set is malformed; the message names file, row and reason."""


class BundleError(MienError, ValueError):
    """A bundle is damaged, altered, unsafe, or newer than this version reads."""


class ConfigError(MienError, ValueError):
    """A configuration holds an unknown key or an impossible value."""


class OtherRunError(ConfigError, DataError):
    """A folder holds a run of other settings or rows than those it should be continued with.

    Args:
        message: What differs, and what to do.
        folder: The folder of that run.
    """

    def __init__(self, message: str, folder: Path | None = None) -> None:
        super().__init__(message)
        self.folder = folder


class UnknownNameError(MienError, LookupError):
    """A name is in no registry; the message lists the nearest ones."""


class MissingExtraError(MienError, ImportError):
    """An optional dependency is not installed; the message has the install line."""


class DeviceError(MienError, RuntimeError):
    """A device was asked for that this machine or installation does not offer."""


class DivergedError(MienError, ArithmeticError):
    """The loss of a training, or what its network answers, is no finite number any more."""


class ExportError(MienError, RuntimeError):
    """An exported graph does not reproduce its network, so nothing was written."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that a registry does not hold, with the nearest names.

    >>> str(unknown_name("model", "tinny", ["tiny", "base"]))
    "unknown model 'tinny'; did you mean 'tiny'? Known: base, tiny"
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=3)
    hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else "."
    return UnknownNameError(f"unknown {kind} {name!r}{hint} Known: {', '.join(names) or 'none'}")


def missing_extra(extra: str, module: str) -> MissingExtraError:
    """Build the error for an optional dependency that is not installed, with the install line."""
    return MissingExtraError(
        f"this needs the module {module!r}, which is not installed. Do: {install_line(extra)}"
    )


def install_line(extra: str) -> str:
    """What to type so that the extra is there: for this Python, and with the pins of a clone."""
    root = Path(__file__).resolve().parents[3]
    pins = root / "constraints.txt"
    python = shlex.quote(sys.executable or "python")
    if not (pins.is_file() and (root / "pyproject.toml").is_file()):
        return f"{python} -m pip install 'mien[{extra}]', with the file or folder mien came from"
    where = shlex.quote(f"{root}[{extra}]")
    return f"{python} -m pip install -c {shlex.quote(str(pins))} -e {where}"
