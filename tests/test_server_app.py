"""The application: facts, documentation, static pages, counters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import mien
from made_server import client_of, frame, made_app, picture, recognizer, schema_of, stream
from mien.core.errors import ConfigError
from mien.core.rows import parse_row
from mien.runtime import DetectorOptions, Recognizer
from mien.server import Settings, create_app
from mien.server.metrics import BUCKETS_S, Histogram
from mien.server.page import STATIC
from mien.store.samples import SampleStore


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(made_app()) as made:
        yield made


def test_health(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


def test_model_says_what_the_card_says(client: TestClient) -> None:
    facts, card = client.get("/v1/model").json(), recognizer().card
    assert facts["name"] == card.name
    assert facts["labels"] == list(card.labels.labels)
    assert (facts["precision"], facts["views"]) == ("fp32", "one")
    assert facts["temperature"] == card.files["fp32"].calibration.temperature
    assert facts["threshold"] == card.files["fp32"].calibration.threshold
    assert facts["licence"] == card.licence
    assert facts["intended_use"] == card.intended_use
    assert facts["detector"] == "none"
    assert facts["limits"]["body_bytes"] == 10_000_000
    assert facts["limits"]["faces"] == 64
    assert facts["version"] == mien.__version__


def test_model_names_no_path(client: TestClient) -> None:
    assert str(Path(mien.__file__).parent) not in client.get("/v1/model").text


def test_unknown_routes_are_json_errors(client: TestClient) -> None:
    for path in ("/nothing", "/v1", "/v1/", "/v1/analyze/", "//v1/model", "/docs/", "/docs/x.js"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "NotFound"
    assert client.post("/healthz").json()["error"]["type"] == "MethodNotAllowed"


def test_methods_of_a_path_are_listed_whole(tmp_path: Path) -> None:
    with (
        SampleStore(tmp_path / "samples", create=True) as store,
        client_of(create_app(recognizer(), samples=store)) as client,
    ):
        assert client.options("/v1/samples").headers["allow"] == "DELETE, GET, HEAD, POST"
        assert client.post("/v1/samples/1").headers["allow"] == "DELETE, GET, HEAD"
        assert client.post("/docs").headers["allow"] == "GET, HEAD"


def test_root_lists_the_routes_without_a_page(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for path in ("/healthz", "/v1/model", "/v1/analyze", "/v1/stream", "/metrics", "/docs"):
        assert path in answer.text


def test_more_faces_than_allowed_are_refused_at_the_start() -> None:
    opened = Recognizer(threads=1, options=DetectorOptions(max_faces=65))
    with pytest.raises(ConfigError, match=r"DetectorOptions\(max_faces=64\)"):
        create_app(opened)
    assert create_app(opened, Settings(max_faces=65))


FILES = {
    "index.html": b"<!doctype html><title>mien</title>" + b" " * 5000,
    **{f"assets/a.{kind}": b"x" * 5000 for kind in ("js", "mjs", "wasm", "onnx", "css", "svg")},
    "assets/a.webmanifest": b"{}",
    "assets/a.png": b"x",
}


@pytest.fixture
def page() -> Iterator[TestClient]:
    with client_of(create_app(recognizer(), page=FILES)) as client:
        yield client


def test_page_is_served_with_right_types(page: TestClient) -> None:
    for path in ("/", "/index.html"):
        answer = page.get(path)
        assert answer.content == FILES["index.html"]
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
    types = {
        "a.js": "text/javascript; charset=utf-8",
        "a.mjs": "text/javascript; charset=utf-8",
        "a.wasm": "application/wasm",
        "a.onnx": "application/octet-stream",
        "a.webmanifest": "application/manifest+json",
        "a.css": "text/css; charset=utf-8",
        "a.svg": "image/svg+xml",
        "a.png": "image/png",
    }
    found = {name: page.get(f"/assets/{name}").headers["content-type"] for name in types}
    assert found == types
    assert page.get("/healthz").json() == {"status": "ok"}
    assert page.get("/docs").status_code == 200
    assert page.head("/assets/a.js").content == b""
    assert page.post("/assets/a.js").status_code == 405


def test_page_that_has_not_changed_is_not_sent_again(page: TestClient) -> None:
    etag = page.get("/assets/a.js").headers["etag"]
    again = page.get("/assets/a.js", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    other = page.get("/assets/a.css", headers={"if-none-match": '"another"'})
    assert other.status_code == 200


def test_page_is_compressed_for_who_can_read_it(page: TestClient) -> None:
    def sent(name: str, accepts: str) -> tuple[str | None, int]:
        answer = page.get(f"/assets/{name}", headers={"accept-encoding": accepts})
        assert answer.content == FILES[f"assets/{name}"]
        return answer.headers.get("content-encoding"), int(answer.headers["content-length"])

    coding, length = sent("a.wasm", "gzip, br")
    assert coding == "gzip"
    assert length < 500
    assert sent("a.wasm", "identity") == (None, 5000)
    assert sent("a.onnx", "gzip") == (None, 5000)


@pytest.mark.parametrize(
    "path",
    ["/../setup.py", "/%2e%2e/setup.py", "/..%2fsetup.py", "/assets", "/assets/", "/a%00b"],
)
def test_page_gives_nothing_else(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "NotFound"


@pytest.mark.parametrize(
    ("files", "message"),
    [({}, r"no index\.html"), ({"index.html": b"", "a.exe": b""}, r"a\.exe has no known")],
)
def test_files_that_are_no_page_are_refused(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_app(recognizer(), page=files)


def test_schema_describes_the_routes_and_their_errors(client: TestClient) -> None:
    schema = schema_of(client)
    assert set(schema["paths"]) == {"/healthz", "/v1/model", "/metrics", "/v1/analyze"}
    answers = schema["paths"]["/v1/analyze"]["post"]["responses"]
    statuses = {"200", "400", "401", "403", "408", "413", "415", "422", "431", "503"}
    assert set(answers) == statuses
    for status, answer in answers.items():
        example = answer["content"]["application/json"]["example"]
        assert ("error" in example) == (status != "200")
    body = schema["paths"]["/v1/analyze"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "image/jpeg", "image/png", "image/webp"} == set(body)
    assert "/v1/stream" in schema["info"]["description"]


def test_example_is_a_row_and_lists_what_rows_have(client: TestClient) -> None:
    answers = schema_of(client)["paths"]["/v1/analyze"]["post"]["responses"]
    said = answers["200"]["content"]["application/json"]
    example = parse_row(said["example"])
    row = client.post("/v1/analyze", content=picture()).json()
    assert set(example) == set(row)
    assert set(example["faces"][0]) == set(row["faces"][0])
    schema = said["schema"]
    assert set(schema["properties"]) == set(schema["required"]) == set(row)
    face = schema["properties"]["faces"]["items"]
    assert set(face["properties"]) == set(face["required"]) == set(row["faces"][0])


def test_documentation_loads_nothing_from_elsewhere(client: TestClient) -> None:
    html = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert {"/docs/docs.js", "/docs/docs.css", "/openapi.json"} == set(loaded)
    assert not re.search(r"<script>|<style|style=|\son\w+=", html)
    for path in loaded:
        assert client.get(path).status_code == 200
    for file in STATIC.iterdir():
        assert not re.search(r"https?://|//cdn|innerHTML|eval\(", file.read_text(encoding="utf-8"))


def test_counters_count() -> None:
    with client_of(made_app()) as client:
        client.post("/v1/analyze", content=picture())
        client.post("/v1/analyze", content=b"x")
        client.get("/nothing/that/could/be/long")
        with stream(client) as socket:
            for number, data in ((1, picture()), (2, b"x")):
                socket.send_bytes(frame(number, number, data))
                socket.receive_json()
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    for line in (
        'mien_requests_total{route="/v1/analyze",status="200"} 1',
        'mien_requests_total{route="/v1/analyze",status="415"} 1',
        'mien_requests_total{route="other",status="404"} 1',
        'mien_frames_total{outcome="answered"} 1',
        'mien_frames_total{outcome="failed"} 1',
        "mien_faces_total 2",
        "mien_streams 0",
        "mien_requests_in_flight 0",
        "mien_compute_seconds_count 2",
    ):
        assert line in lines
    assert answer.text.endswith("\n")
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    samples = {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}
    assert all(any(sample.startswith(name) for name in names) for sample in samples)


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.0051, 3.0, 10.0, 99.0])
def test_histogram_buckets_are_cumulative_and_closed_above(seconds: float) -> None:
    histogram = Histogram()
    histogram.add(seconds)
    lines = list(histogram.lines("s"))
    counts: list[Any] = [int(line.split()[-1]) for line in lines[: len(BUCKETS_S) + 1]]
    assert counts == [int(seconds <= bound) for bound in (*BUCKETS_S, float("inf"))]
    assert lines[-1] == "s_count 1"
