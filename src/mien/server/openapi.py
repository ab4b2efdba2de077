"""What OpenAPI says of the routes: bodies, answers and examples, written out by hand."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse

from mien.core.rows import SCHEMA

DESCRIPTION = f"""Reads facial expressions in pictures and frames. Expressions are not feelings.

Every error is `{{"error": {{"type": ..., "message": ...}}}}`, and the message says what to do.

**Token.** Where the server was started with a token, everything under `/v1` and `/metrics` needs
the header `Authorization: Bearer TOKEN`. A token is never part of an address.

**Live frames: WebSocket `/v1/stream`**, subprotocol `mien.v1`.

1. The first message is JSON text: `{{"schema": "{SCHEMA}", "token": "...", "every": 3,
   "smoothing_s": 0.3}}`. All but `schema` may be left out; browsers, which cannot set headers of a
   WebSocket, give the token here. The detector looks at every `every`-th frame.
2. Every further message is binary: id (uint32, little-endian), time in seconds (float64,
   little-endian, never going back), then the bytes of a JPEG or WebP picture.
3. Each answer is one row with two more keys: `id` of the frame, and `dropped`, the number of frames
   since the beginning that were not answered because a newer one had come. A frame that cannot be
   read is answered by an error row, and the stream goes on.

Close codes: 1008 a rule was broken (the reason says which), 1009 a message was too big, 1013 too
many streams, 1012 the server stops.
"""

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "limit": {
                    "type": "string",
                    "description": "409 only: the limit that is reached, as --limit names it",
                },
            },
        }
    },
}

_NUMBERS = {"type": "array", "items": {"type": "number"}}
_PROBABILITIES = {
    "type": "object",
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
}

_FACE: dict[str, Any] = {
    "type": "object",
    "required": [
        "box", "score", "landmarks", "track", "detected", "probabilities", "smoothed", "label",
        "uncertain",
    ],
    "properties": {
        "box": {
            **_NUMBERS, "minItems": 4, "maxItems": 4,
            "description": "x1, y1, x2, y2 in pixels of the upright picture",
        },
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "landmarks": {
            "type": ["array", "null"],
            "items": {**_NUMBERS, "minItems": 2, "maxItems": 2},
            "description": "eyes, nose and mouth corners; null where the detector has none",
        },
        "track": {"type": ["integer", "null"], "description": "null in uploads"},
        "detected": {"type": "boolean", "description": "false: carried by the tracker"},
        "probabilities": {**_PROBABILITIES, "description": "calibrated, of this picture alone"},
        "smoothed": {
            "type": ["object", "null"],
            "additionalProperties": {"type": "number"},
            "description": "null in uploads",
        },
        "label": {"type": "string"},
        "uncertain": {"type": "boolean", "description": "no label is probable enough to be told"},
    },
}  # fmt: skip

_ROW: dict[str, Any] = {
    "type": "object",
    "required": ["schema", "model", "source", "frame", "time_s", "width", "height", "faces"],
    "properties": {
        "schema": {"const": SCHEMA},
        "model": {"type": "string"},
        "source": {"type": "string"},
        "frame": {"type": "integer"},
        "time_s": {"type": ["number", "null"]},
        "width": {"type": "integer", "minimum": 1},
        "height": {"type": "integer", "minimum": 1},
        "faces": {"type": "array", "items": _FACE},
    },
}

EXAMPLE_ROW: dict[str, Any] = {
    "schema": SCHEMA,
    "model": "small",
    "source": "upload",
    "frame": 0,
    "time_s": None,
    "width": 512,
    "height": 512,
    "faces": [
        {
            "box": [177.68, 66.03, 268.85, 180.12],
            "score": 0.9998,
            "landmarks": [
                [205.0, 101.2], [246.5, 103.4], [226.1, 127.0], [203.4, 140.2], [244.8, 141.5],
            ],
            "track": None,
            "detected": True,
            "probabilities": {
                "angry": 0.01, "disgust": 0.0, "fear": 0.01, "happy": 0.93, "sad": 0.01,
                "surprise": 0.01, "neutral": 0.03,
            },
            "smoothed": None,
            "label": "happy",
            "uncertain": False,
        }
    ],
}  # fmt: skip

BINARY = {"type": "string", "format": "binary", "minLength": 1}


def answer(description: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """An answer in JSON."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": description, "content": content}


def errors(**kinds: tuple[int, str, str]) -> dict[int | str, dict[str, Any]]:
    """Refusals: status, when, and an example of the message, by the type that they tell."""
    return {
        status: answer(when, _ERROR, {"error": {"type": kind, "message": message}})
        for kind, (status, when, message) in kinds.items()
    }


SENDER = errors(
    BadRequest=(400, "The request is malformed.", "expected one Host header, got none"),
    Unauthorized=(
        401,
        "The token is missing or wrong.",
        "expected the header 'Authorization: Bearer TOKEN' with the token of this server",
    ),
    Forbidden=(
        403,
        "Host or Origin are not allowed.",
        "pages of another origin may not use this server; open its own page",
    ),
    HeadersTooLarge=(431, "The headers are too large.", "expected at most 16384 bytes of headers"),
)

READING = errors(
    ImageDecodeError=(
        422,
        "The picture is damaged, cut off, or has too many pixels.",
        "the picture is damaged or cut off; copy or export it again",
    ),
    Busy=(503, "Too many uploads at a time; see Retry-After.", "too many uploads ..."),
)
"""Refusals of every route that takes a picture."""

ANALYZE: dict[str, Any] = {
    "summary": "Read one picture",
    "responses": {
        200: answer("One row; `faces` is empty where there is none.", _ROW, EXAMPLE_ROW),
        **SENDER,
        **errors(
            RequestTimeout=(408, "The body did not arrive in time.", "expected the whole body ..."),
            TooLarge=(413, "The body is too large.", "expected at most 10 MB; send a smaller ..."),
            UnsupportedMediaType=(
                415,
                "The bytes are neither JPEG, PNG nor WebP.",
                "expected the bytes of a JPEG or PNG or WebP picture, got something else; ...",
            ),
        ),
        **READING,
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["image"],
                        "properties": {"image": BINARY},
                    }
                },
                **{kind: {"schema": BINARY} for kind in ("image/jpeg", "image/png", "image/webp")},
            },
        }
    },
}

HEALTH: dict[str, Any] = {
    "summary": "Whether the server is up",
    "responses": {
        200: answer("It is.", {"type": "object"}, {"status": "ok"}),
        **{status: SENDER[status] for status in (400, 403, 431)},
    },
}

MODEL: dict[str, Any] = {
    "summary": "Facts of the model",
    "responses": {
        200: answer(
            "Public facts of the model's card, and the limits.",
            {"type": "object", "required": ["name", "labels", "limits"]},
            {"name": "small", "labels": ["angry", "..."], "limits": {"body_bytes": 10_000_000}},
        ),
        **SENDER,
    },
}

METRICS: dict[str, Any] = {
    "response_class": PlainTextResponse,
    "summary": "Counters for Prometheus",
    "responses": {
        200: {
            "description": "Prometheus text format 0.0.4.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **SENDER,
    },
}
