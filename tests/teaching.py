"""A client that teaches: it consents and sends labelled crops over HTTP."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

WORDS = "The crops that I label may be kept on this machine until I delete them. ক্\u200dষ"


def begun(client: TestClient, version: str = "1") -> str:
    answer = client.post("/v1/sessions", json={"version": version, "words": WORDS})
    assert answer.status_code == 201
    assert answer.json()["version"] == version
    return answer.json()["session"]


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def sent(client: TestClient, image: bytes, **sample: Any) -> Any:
    said = {"consent": "1", "label": "happy", **sample}
    return client.post("/v1/samples", files={"image": image}, data={"sample": json.dumps(said)})


def refused(answer: Any, status: int, kind: str) -> str:
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"]["type"] == kind
    return answer.json()["error"]["message"]
