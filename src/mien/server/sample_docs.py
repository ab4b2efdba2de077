"""What OpenAPI says of sessions and samples."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from mien.server.openapi import BINARY, READING, SENDER, answer, errors

_ID, _SESSION = "5f0c1d2e3a4b5c6d", "kX3vQ0aLr8ZtY2mN"
_COUNTS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "integer", "minimum": 0},
    "description": "samples by label",
}
_SAMPLE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "session", "label"],
    "properties": {name: {"type": "string"} for name in ("id", "session", "label")},
}
_SAMPLE_EXAMPLE = {"id": _ID, "session": _SESSION, "label": "happy"}
_GIVEN = errors(
    BadRequest=(400, "The request is malformed.", "expected a JSON object of version, words"),
)
_BODY = errors(
    RequestTimeout=(408, "The body did not arrive in time.", "expected the whole body ..."),
    TooLarge=(413, "The body is too large.", "expected at most 10 MB; send a smaller ..."),
    UnsupportedMediaType=(
        415, "A compressed body, or a picture of another format.", "expected the bytes of a ...",
    ),
    Full=(409, "A limit of the store is reached.", "a session takes 500 samples; begin ..."),
)  # fmt: skip
_BODY[409]["content"]["application/json"]["example"]["error"]["limit"] = "max_session_samples"
_NONE = errors(
    NotFound=(404, "There is no such sample or session.", "there is no such sample; ...")
)
_NO_CONSENT = errors(
    Forbidden=(
        403,
        "No consent is on record for the session and this version of the statement; or Host or "
        "Origin are not allowed.",
        "no consent is on record for this session; show the statement, ask, and begin one",
    ),
)

BEGIN: dict[str, Any] = {
    "summary": "Begin a session with a consent record",
    "status_code": 201,
    "responses": {
        201: answer(
            "The session, which samples name.",
            {
                "type": "object",
                "required": ["session", "version"],
                "properties": {"session": {"type": "string"}, "version": {"type": "string"}},
            },
            {"session": _SESSION, "version": "2026-11"},
        ),
        **SENDER, **_GIVEN, **_BODY,
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["version", "words"],
                        "additionalProperties": False,
                        "properties": {
                            "version": {"type": "string", "minLength": 1, "maxLength": 64},
                            "words": {
                                "type": "string", "minLength": 1, "maxLength": 8000,
                                "description": "the statement as it was shown to the person",
                            },
                        },
                    },
                    "example": {
                        "version": "2026-11",
                        "words": "The crops that I label may be kept on this machine ...",
                    },
                }
            },
        }
    },
}  # fmt: skip

_TEXT = {"type": "string", "pattern": r"\S"}
_NUMBER = {"type": "number", "exclusiveMinimum": -1e6, "exclusiveMaximum": 1e6}


def _label(labels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["session", "consent", "label"],
        "additionalProperties": False,
        "dependentRequired": {"landmarks": ["box"]},
        "properties": {
            "session": _TEXT,
            "consent": {**_TEXT, "description": "version of the statement"},
            "label": {"type": "string", "enum": list(labels)},
            "box": {
                "type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 4,
                "description": "x1, y1, x2, y2 of the face in pixels; without it the picture is "
                "the crop, and must be square",
            },
            "landmarks": {
                "type": "array", "minItems": 5, "maxItems": 5,
                "items": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
                "description": "as a row tells them; the recogniser aligns by them",
            },
        },
    }  # fmt: skip


def add(labels: tuple[str, ...]) -> dict[str, Any]:
    """``POST /v1/samples`` of a model with these labels."""
    return {
        "summary": "Keep the labelled crop of a face",
        "status_code": 201,
        "responses": {
            201: answer("It is kept.", _SAMPLE, _SAMPLE_EXAMPLE),
            **SENDER, **_NO_CONSENT, **_BODY,
            **READING,
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "required": ["image", "sample"],
                            "properties": {"image": BINARY, "sample": _label(labels)},
                        },
                        "encoding": {"sample": {"contentType": "application/json"}},
                    }
                },
            }
        },
    }  # fmt: skip


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_OF_SESSION = _parameter("session", "only this session", {"type": "string", "minLength": 1})

LIST: dict[str, Any] = {
    "summary": "List and count samples",
    "responses": {
        200: answer(
            "A page of samples, and counts of all of them.",
            {
                "type": "object",
                "required": ["samples", "next", "total", "counts", "sessions"],
                "properties": {
                    "samples": {"type": "array", "items": _SAMPLE},
                    "next": {
                        "type": ["integer", "null"],
                        "description": "`after` of the next page; null = this is the last one",
                    },
                    "total": {"type": "integer", "minimum": 0},
                    "counts": _COUNTS,
                    "sessions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["session", "version", "began", "counts"],
                            "properties": {
                                "session": {"type": "string"}, "version": {"type": "string"},
                                "began": {"type": "string", "format": "date-time"},
                                "counts": _COUNTS,
                            },
                        },
                    },
                },
            },
            {
                "samples": [_SAMPLE_EXAMPLE],
                "next": 1,
                "total": 2,
                "counts": {"happy": 2},
                "sessions": [
                    {
                        "session": _SESSION, "version": "2026-11",
                        "began": "2026-11-20T20:36:43+00:00", "counts": {"happy": 2},
                    }
                ],
            },
        ),
        **SENDER, **_GIVEN,
    },
    "openapi_extra": {
        "parameters": [
            _OF_SESSION,
            _parameter("after", "`next` of the page before", {"type": "integer", "minimum": 0}),
            _parameter(
                "limit", "samples of a page",
                {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
            ),
        ]
    },
}  # fmt: skip

_BY_ID: dict[str, Any] = {
    "parameters": [{"name": "sample", "in": "path", "required": True, "schema": {"type": "string"}}]
}

CROP: dict[str, Any] = {
    "openapi_extra": _BY_ID,
    "response_class": Response,
    "summary": "The crop of a sample",
    "responses": {
        200: {"description": "48 x 48 grey levels.", "content": {"image/png": {"schema": BINARY}}},
        **SENDER,
        **_NONE,
    },
}

_GONE = answer(
    "It is deleted and overwritten. Models that were fitted to it are not changed.",
    {
        "type": "object",
        "required": ["deleted", "note"],
        "properties": {
            "deleted": {
                "type": "object",
                "required": ["samples", "sessions"],
                "properties": {name: {"type": "integer"} for name in ("samples", "sessions")},
            },
            "note": {"type": "string"},
        },
    },
    {
        "deleted": {"samples": 40, "sessions": 1},
        "note": "models that were fitted to deleted samples are not changed; ...",
    },
)

DELETE_ONE: dict[str, Any] = {
    "summary": "Delete a sample",
    "responses": {200: _GONE, **SENDER, **_NONE},
    "openapi_extra": _BY_ID,
}

DELETE: dict[str, Any] = {
    "summary": "Delete a session, or everything",
    "responses": {200: _GONE, **SENDER, **_GIVEN, **_NONE},
    "openapi_extra": {"parameters": [_OF_SESSION]},
}
