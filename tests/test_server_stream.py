"""``WS /v1/stream``: handshake, frames, dropped frames, rate, and how it ends."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from made_server import (
    STREAM,
    Broken,
    Gate,
    client_of,
    frame,
    made_app,
    picture,
    portrait_bytes,
    recognizer,
    stream,
)
from mien.core.rows import SCHEMA, is_error, parse_row
from mien.runtime import Recognizer
from mien.server import Settings, create_app
from mien.server.stream import (
    ClosingError,
    Frame,
    Hello,
    Newest,
    Pace,
    parse_frame,
    parse_hello,
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(made_app(max_frame=100_000)) as made:
        yield made


def ended(socket: Any) -> WebSocketDisconnect:
    with pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_json()
    return caught.value


def test_portrait_is_tracked_and_smoothed() -> None:
    with client_of(create_app(recognizer("mtcnn"))) as client, stream(client) as socket:
        assert socket.accepted_subprotocol == "mien.v1"
        rows = []
        for number, time_s in ((4_000_000_000, 10.0), (2, 10.1)):
            socket.send_bytes(frame(number, time_s, portrait_bytes()))
            rows.append(parse_row(socket.receive_json()))
    assert [row["id"] for row in rows] == [4_000_000_000, 2]
    assert [(row["frame"], row["time_s"]) for row in rows] == [(0, 10.0), (1, 10.1)]
    assert [row["dropped"] for row in rows] == [0, 0]
    assert [row["source"] for row in rows] == ["stream", "stream"]
    faces = [row["faces"][0] for row in rows]
    assert [(face["track"], face["detected"]) for face in faces] == [(0, True), (0, False)]
    assert all(face["label"] == "happy" and face["smoothed"] for face in faces)


def test_first_message_sets_detection_and_smoothing(client: TestClient) -> None:
    with stream(client, {"every": 1, "smoothing_s": 0}) as socket:
        for number in range(2):
            socket.send_bytes(frame(number, number / 10, picture("WEBP")))
            (face,) = socket.receive_json()["faces"]
            assert face["detected"] is True
            assert face["smoothed"] is None


def test_streams_have_tracks_of_their_own(client: TestClient) -> None:
    with stream(client) as one, stream(client) as two:
        one.send_bytes(frame(1, 100.0))
        assert one.receive_json()["faces"][0]["track"] == 0
        two.send_bytes(frame(1, 0.0))
        assert two.receive_json()["faces"][0]["track"] == 0


@pytest.mark.parametrize(
    ("data", "time_s", "kind"),
    [
        (b"", 0.1, "FormatError"),
        (b"no picture", 0.1, "FormatError"),
        (picture("PNG"), 0.1, "FormatError"),
        (picture(size=(200, 150))[:900], 0.1, "ImageDecodeError"),
        (None, math.nan, "InputError"),
        (None, math.inf, "InputError"),
        (None, 1e308, "InputError"),
        (None, -1.0, "InputError"),
    ],
)
def test_bad_frame_ends_only_itself(
    client: TestClient, data: bytes | None, time_s: float, kind: str
) -> None:
    with stream(client) as socket:
        for number, sent in enumerate((frame(0, 0.0), frame(1, time_s, data), frame(2, 0.2))):
            socket.send_bytes(sent)
            row = parse_row(socket.receive_json())
            assert row["id"] == number
            assert is_error(row) == (number == 1)
            if number == 1:
                assert row["error"]["type"] == kind


def test_defect_in_a_frame_is_answered_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Recognizer(detector=Broken(), threads=1))
    with client_of(app) as client, stream(client, {"every": 1}) as socket:
        socket.send_bytes(frame(1, 0.0, picture(shade=0)))
        row = socket.receive_json()
        assert row["id"] == 1
        assert "secret" not in json.dumps(row)
        socket.send_bytes(frame(2, 0.1))
        assert socket.receive_json()["faces"] == []
    assert [r.fields["error"] for r in caplog.records if r.levelname == "ERROR"] == [  # type: ignore[attr-defined]
        "ZeroDivisionError"
    ]


@pytest.mark.parametrize("offered", [[], ["mien.v2"], ["MIEN.V1"]])
def test_other_subprotocols_are_refused(client: TestClient, offered: list[str]) -> None:
    with client.websocket_connect(STREAM, subprotocols=offered or None) as socket:
        assert socket.accepted_subprotocol is None
        end = ended(socket)
    assert (end.code, end.reason) == (1008, "this server speaks the subprotocol mien.v1")


def test_subprotocol_may_be_one_of_several(client: TestClient) -> None:
    with stream(client, subprotocols=["mien.v2", "mien.v1"]) as socket:
        assert socket.accepted_subprotocol == "mien.v1"


@pytest.mark.parametrize(
    ("hello", "code", "words"),
    [
        ("", 1008, "JSON object"),
        ("{", 1008, "JSON object"),
        ("[]", 1008, "JSON object"),
        ("[" * 4000, 1008, "JSON object"),
        ("{}", 1008, "schema"),
        ('{"schema": "mien.row/2"}', 1008, "schema"),
        ('{"schema": "mien.row/1", "evry": 3}', 1008, "knows"),
        ('{"schema": "mien.row/1", "token": 7}', 1008, "token"),
        ('{"schema": "mien.row/1", "every": 0}', 1008, "every"),
        ('{"schema": "mien.row/1", "every": 1.5}', 1008, "every"),
        ('{"schema": "mien.row/1", "every": true}', 1008, "every"),
        ('{"schema": "mien.row/1", "every": 1e9}', 1008, "every"),
        ('{"schema": "mien.row/1", "smoothing_s": -1}', 1008, "smoothing_s"),
        ('{"schema": "mien.row/1", "smoothing_s": NaN}', 1008, "smoothing_s"),
        ('{"schema": "mien.row/1", "smoothing_s": "1"}', 1008, "smoothing_s"),
        (" " * 5000, 1009, "4096"),
        (None, 1008, "text"),
    ],
)
def test_bad_first_message_is_refused(hello: str | None, code: int, words: str) -> None:
    with pytest.raises(ClosingError, match=words) as caught:
        parse_hello(hello)
    assert caught.value.code == code
    assert len(caught.value.reason.encode()) <= 123  # RFC 6455, 5.5


def test_first_message_has_defaults() -> None:
    assert parse_hello(json.dumps({"schema": SCHEMA})) == Hello(None, 3, 0.3)


@given(st.one_of(st.text(), st.dictionaries(st.text(), st.text()).map(json.dumps)))
def test_first_message_is_understood_or_refused(text: str) -> None:
    with pytest.raises(ClosingError):
        parse_hello(text)


@pytest.mark.parametrize("binary", [False, True])
def test_bad_first_message_closes_the_stream(client: TestClient, binary: bool) -> None:
    with client.websocket_connect(STREAM, subprotocols=["mien.v1"]) as socket:
        if binary:
            socket.send_bytes(frame(1, 0.0))
        else:
            socket.send_text("hello")
        assert ended(socket).code == 1008


def test_silence_instead_of_a_first_message_closes_the_stream() -> None:
    with (
        client_of(made_app(hello_s=0.01)) as client,
        client.websocket_connect(STREAM, subprotocols=["mien.v1"]) as socket,
    ):
        assert "no first message" in ended(socket).reason


def test_silence_instead_of_frames_closes_the_stream() -> None:
    with client_of(made_app(idle_s=0.01)) as client, stream(client) as socket:
        end = ended(socket)
    assert (end.code, end.reason) == (4408, "no frame for 0.01 s")


def test_text_instead_of_a_frame_closes_the_stream(client: TestClient) -> None:
    with stream(client) as socket:
        socket.send_text("frame")
        assert ended(socket).code == 1008


@pytest.mark.parametrize(("size", "code"), [(0, 1008), (11, 1008), (100_013, 1009)])
def test_frame_of_an_impossible_size_closes_the_stream(
    client: TestClient, size: int, code: int
) -> None:
    with stream(client) as socket:
        socket.send_bytes(bytes(size))
        assert ended(socket).code == code


def test_largest_frame_is_read(client: TestClient) -> None:
    with stream(client) as socket:
        socket.send_bytes(bytes(100_012))
        assert socket.receive_json()["error"]["type"] == "FormatError"


@given(st.integers(0, 2**32 - 1), st.floats(), st.binary(max_size=20))
def test_frame_is_id_time_and_picture(number: int, time_s: float, data: bytes) -> None:
    found = parse_frame(frame(number, time_s, data), 5, 100)
    assert (found.number, found.index, found.picture) == (number, 5, data)
    assert found.time_s == time_s or math.isnan(time_s)


def made_frame(number: int) -> Frame:
    return Frame(number, 0.0, number, b"")


def test_newest_frame_wins_and_older_ones_count_as_dropped() -> None:
    slot = Newest()
    slot.put(made_frame(1))
    assert slot.take().number == 1
    for number in (2, 3, 4):
        slot.put(made_frame(number))
    assert slot.take().number == 4
    assert slot.dropped == 2
    with pytest.raises(RuntimeError):
        slot.take()


def test_frames_that_come_while_one_is_read_are_dropped_but_the_last() -> None:
    gate = Gate()
    app = create_app(Recognizer(detector=gate, threads=1), Settings(frame_rate=1000.0))
    with client_of(app) as client, stream(client) as socket:
        socket.send_bytes(frame(1, 0.1))
        gate.await_asked()
        for number in (2, 3, 4):
            socket.send_bytes(frame(number, number / 10))
        for _ in range(5):  # the event loop has read the frames when it has answered these
            client.get("/healthz")
        gate.open.set()
        rows = [socket.receive_json() for _ in range(2)]
    assert [(row["id"], row["frame"]) for row in rows] == [(1, 0), (4, 3)]
    assert rows[1]["dropped"] == 2


@given(st.lists(st.floats(0, 0.2), min_size=2, max_size=60), st.floats(1, 60))
def test_pace_holds_the_rate_whenever_frames_come(gaps: list[float], rate: float) -> None:
    pace, now_s, begun = Pace(rate), 0.0, []
    for gap in gaps:
        now_s += gap
        delay_s = pace.delay_s(now_s)
        assert 0 <= delay_s <= 1 / rate + 1e-9
        now_s += delay_s
        begun.append(now_s)
    for first, start in enumerate(begun):  # any run of frames: the mean rate, and one early frame
        for last in range(first + 1, len(begun)):
            assert last - first <= rate * (begun[last] - start) + 1 + 1e-6


def test_frames_above_the_rate_wait_and_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mien.server")
    with client_of(made_app(frame_rate=1e-4)) as client:
        with stream(client) as socket:
            for number in (1, 2):  # one early frame is let through
                socket.send_bytes(frame(number, number))
                assert socket.receive_json()["id"] == number
            for number in (3, 4, 5):
                socket.send_bytes(frame(number, number))
        text = client.get("/metrics").text
    (record,) = [record for record in caplog.records if record.msg == "stream"]
    found: dict[str, Any] = record.fields  # type: ignore[attr-defined]
    assert (found["received"], found["answered"], found["dropped"]) == (5, 2, 2)
    assert 'mien_frames_total{outcome="answered"} 2' in text
    assert 'mien_frames_total{outcome="dropped"} 2' in text


def test_more_streams_than_places_are_refused() -> None:
    with client_of(made_app(max_streams=1)) as client:
        with stream(client) as first:
            first.send_bytes(frame(1, 0.0))
            first.receive_json()
            with stream(client) as second:
                assert ended(second).code == 1013
            first.send_bytes(frame(2, 0.1))
            assert first.receive_json()["id"] == 2
        with stream(client) as third:
            third.send_bytes(frame(3, 0.0))
            assert third.receive_json()["id"] == 3


def test_client_that_leaves_while_its_frame_is_read_frees_its_place() -> None:
    gate = Gate()
    app = create_app(Recognizer(detector=gate, threads=1), Settings(max_streams=1))
    with client_of(app) as client:
        with stream(client) as socket:
            socket.send_bytes(frame(1, 0.0))
            gate.await_asked()
            socket.close(1001)
            gate.open.set()
        assert "mien_streams 0" in client.get("/metrics").text
        with stream(client) as socket:
            socket.send_bytes(frame(2, 0.0))
            assert socket.receive_json()["id"] == 2
