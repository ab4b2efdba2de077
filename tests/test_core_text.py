"""Text from outside, made safe to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.text import printable, storable

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.jpg", "plain name.jpg"),
        ("Zoë 山田 😀 क्‍ष.jpg", "Zoë 山田 😀 क्‍ष.jpg"),
        ("screenshot at 3.04\u202fPM\u3000x.png", "screenshot at 3.04\u202fPM\u3000x.png"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred\x07\x9b2J\x7f", "\\x1b[31mred\\x07\\x9b2J\\x7f"),
        ("a\u202egpj.exe\u2066", "a\\u202egpj.exe\\u2066"),
        ("\u2028\u2029\ufeff\u200b", "\\u2028\\u2029\\ufeff\\u200b"),
        ("caf\udce9", "caf\\udce9"),
        ("C:\\new\\table", "C:\\new\\table"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


@given(ANY_TEXT)
def test_printable_is_stable_encodable_and_one_line(text):
    shown = printable(text)
    assert printable(shown) == shown
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)


@given(ANY_TEXT)
def test_storable_changes_lone_surrogates_only(text):
    stored = storable(text)
    stored.encode("utf-8")
    if not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert stored == text
