"""The error tree: one root, the nearest built-in, messages that say what to do."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from mien.core import errors
from mien.core.errors import MienError, MienWarning, MissingExtraError, UnknownNameError

CLASSES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, Exception) and member not in {MienError, MienWarning}
]

BUILT_IN = {
    "InputError": ValueError,
    "BusyError": ValueError,
    "LabelError": ValueError,
    "ImageDecodeError": ValueError,
    "VideoDecodeError": ValueError,
    "DataError": ValueError,
    "BundleError": ValueError,
    "ConfigError": ValueError,
    "OtherRunError": ValueError,
    "UnknownNameError": LookupError,
    "MissingExtraError": ImportError,
    "DeviceError": RuntimeError,
    "DivergedError": ArithmeticError,
    "ExportError": RuntimeError,
}


def test_every_error_has_its_place_in_the_tree():
    assert {cls.__name__ for cls in CLASSES} == set(BUILT_IN)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_is_caught_as_ours_and_as_the_nearest_built_in(cls):
    for caught in (MienError, BUILT_IN[cls.__name__]):
        with pytest.raises(caught, match="expected a, got b"):
            raise cls("expected a, got b")


def test_a_warning_is_no_error():
    assert issubclass(MienWarning, UserWarning)
    assert not issubclass(MienWarning, MienError)


def test_a_label_error_is_an_input_error():
    assert issubclass(errors.LabelError, errors.InputError)


def test_unknown_name_lists_near_names_first_and_all_names():
    error = errors.unknown_name("network", "bass", ["tiny", "base", "nano"])
    assert isinstance(error, UnknownNameError)
    assert str(error) == "unknown network 'bass'; did you mean 'base'? Known: base, nano, tiny"


def test_unknown_name_without_a_near_one_does_not_guess():
    assert str(errors.unknown_name("sink", "zzz", ["csv"])) == "unknown sink 'zzz'. Known: csv"
    assert str(errors.unknown_name("sink", "zzz", [])) == "unknown sink 'zzz'. Known: none"


def test_unknown_name_escapes_what_the_user_typed():
    assert "\x1b" not in str(errors.unknown_name("model", "\x1b[31m", ["base"]))


def test_missing_extra_has_the_install_line():
    error = errors.missing_extra("train", "torch")
    assert isinstance(error, MissingExtraError)
    assert "'torch'" in str(error)
    assert str(error).endswith(f"Do: {errors.install_line('train')}")


def test_the_install_line_names_this_python_and_this_clone(monkeypatch, tmp_path) -> None:
    line = errors.install_line("train")
    root = Path(errors.__file__).parents[3]
    assert line.startswith(sys.executable)
    assert "[train]" in line
    assert str(root / "constraints.txt") in line
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "site" / "mien" / "core" / "errors.py"))
    assert "constraints.txt" not in errors.install_line("train")
    assert "pip install 'mien[train]'" in errors.install_line("train")
