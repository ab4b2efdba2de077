"""Who is answered before the body has come reads the answer, and is then let go."""

from __future__ import annotations

from typing import Any

import pytest

from made_server import TOKEN, client_of, made_app, picture, raw_request

CHUNKED = [(b"transfer-encoding", b"chunked")]


def chunk(*, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": bytes(1500), "more_body": more}


def closes(start: dict[str, Any]) -> bool:
    return (b"connection", b"close") in start["headers"]


def test_answer_comes_before_the_rest_of_the_body_is_heard() -> None:
    waiting = [chunk(more=True), chunk(more=True), chunk(more=True), chunk(more=False)]
    sent = raw_request(made_app(max_body=2000), waiting, headers=CHUNKED)
    start, body, end = sent
    assert (start["status"], closes(start)) == (413, True)
    assert b"TooLarge" in body["body"]
    assert (body["more_body"], end["body"], end["more_body"]) == (True, b"", False)


def test_silent_client_is_not_waited_for() -> None:
    sent = raw_request(made_app(max_body=2000), [chunk(more=True)] * 2, headers=CHUNKED)
    assert [message["type"] for message in sent][-1] == "http.response.body"


def test_client_that_leaves_ends_it() -> None:
    waiting = [chunk(more=True), chunk(more=True), {"type": "http.disconnect"}]
    assert len(raw_request(made_app(max_body=2000), waiting, headers=CHUNKED)) == 3


@pytest.mark.parametrize(
    "headers", [[], [(b"authorization", b"Bearer wrong")], [(b"host", b"again")]]
)
def test_refusals_without_a_look_at_the_body_close(headers: list[tuple[bytes, bytes]]) -> None:
    sent = raw_request(
        made_app(token=TOKEN), [chunk(more=False)], headers=[(b"content-length", b"1500"), *headers]
    )
    assert sent[0]["status"] in {400, 401}
    assert closes(sent[0])
    assert len(sent) == 3


def test_connection_is_kept_where_the_body_was_read_or_there_is_none() -> None:
    with client_of(made_app()) as client:
        for answer in (
            client.post("/v1/analyze", content=picture()),
            client.post("/v1/analyze", content=b"no picture"),
            client.get("/healthz"),
            client.get("/nothing"),
        ):
            assert "connection" not in answer.headers
