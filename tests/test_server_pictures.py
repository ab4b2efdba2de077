"""Pictures of far too many parts are refused before they are decoded; honest ones are not."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image

from hostile_pictures import long_fill, many_chunks, many_scans, many_segments
from made_server import client_of, frame, made_app, picture, portrait_bytes, stream
from mien.core.errors import ImageDecodeError
from mien.server.pictures import MAX_PARTS, MAX_SCANS, check_structure


def progressive(size: tuple[int, int] = (300, 200)) -> bytes:
    held = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(held, "JPEG", quality=100, progressive=True)
    return held.getvalue()


@pytest.mark.parametrize("make", [many_scans, many_chunks, many_segments, long_fill])
def test_costly_pictures_are_refused(make: Callable[[], bytes]) -> None:
    data = make()
    with pytest.raises(ImageDecodeError, match="more parts"):
        check_structure(data)
    with client_of(made_app()) as client:
        answer = client.post("/v1/analyze", content=data)
        assert answer.status_code == 422
        assert "more parts" in answer.json()["error"]["message"]


def test_costly_frame_ends_only_itself() -> None:
    with client_of(made_app()) as client, stream(client) as socket:
        socket.send_bytes(frame(1, 0.0, many_scans(200, 60)))
        assert "more parts" in socket.receive_json()["error"]["message"]
        socket.send_bytes(frame(2, 0.1))
        assert "faces" in socket.receive_json()


@pytest.mark.parametrize("data", [portrait_bytes(), progressive(), *map(picture, ("PNG", "WEBP"))])
def test_honest_pictures_pass(data: bytes) -> None:
    check_structure(data)


def test_limits_are_those_that_are_said() -> None:
    scans = many_scans(64, 0).count(b"\xff\xda")  # in coded data these two bytes cannot occur
    check_structure(many_scans(64, MAX_SCANS - scans))
    with pytest.raises(ImageDecodeError):
        check_structure(many_scans(64, MAX_SCANS - scans + 1))
    check_structure(many_segments(MAX_PARTS - 20))
    check_structure(many_chunks(MAX_PARTS - 20))


def test_what_follows_the_picture_is_not_counted() -> None:
    """Motion photos carry a film behind the JPEG, which has the bytes of markers by chance."""
    check_structure(portrait_bytes() + b"\xff\xda" * 1000)


def test_parts_of_a_segment_are_not_counted() -> None:
    """A preview inside a segment has scans of its own."""
    whole = picture()
    inside = b"\xff\xda" * 1000
    segment = b"\xff\xe1" + (len(inside) + 2).to_bytes(2) + inside
    check_structure(whole[:2] + segment + whole[2:])


def test_any_bytes_end_the_walk() -> None:
    rng = random.Random(4)
    for start in (b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b""):
        for size in (0, 1, 5, 1000):
            check_structure(start + rng.randbytes(size))
