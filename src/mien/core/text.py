"""Text from outside (file names, labels, error messages) made safe to show and to store."""

from __future__ import annotations

import unicodedata

# Invisible characters that written languages and emoji need between visible ones.
_JOINERS = "\u200c\u200d"
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def printable(text: str) -> str:
    r"""``text`` on one line, without anything that a terminal would obey.

    Control characters (escape codes, line ends, tabs), direction overrides, line separators,
    lone surrogates and unassigned characters are shown as ``\n``, ``\x1b`` or ``\u202e``. A
    backslash stays one backslash, so the form is for reading and not for turning back.

    >>> print(printable("a\nb\x1b[31m.jpg"))
    a\nb\x1b[31m.jpg
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii") if _is_unsafe(character) else character
        for character in text
    )


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE and character not in _JOINERS


def storable(text: str) -> str:
    r"""``text`` that every UTF-8 reader accepts: lone surrogates are shown as ``\udce9``.

    Python names the bytes of a file name that are not UTF-8 by such surrogates (PEP 383).

    >>> print(storable("caf\udce9.jpg"))
    caf\udce9.jpg
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
