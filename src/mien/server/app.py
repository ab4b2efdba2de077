"""``create_app``: the ASGI application around one recogniser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match

import mien
from mien.runtime.recognizer import Recognizer
from mien.server import openapi
from mien.server.analyze_route import analyze_router
from mien.server.edge import Edge
from mien.server.lingering import Lingering
from mien.server.metrics import CONTENT_TYPE
from mien.server.page import INDEX, STATIC, Page
from mien.server.refusal import refusal_response
from mien.server.samples_route import samples_router
from mien.server.service import Service
from mien.server.settings import Settings
from mien.server.stream_route import stream_router
from mien.store.samples import SampleStore

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_NOT_ALLOWED = 405


def create_app(
    recognizer: Recognizer,
    settings: Settings | None = None,
    *,
    page: Mapping[str, bytes] | None = None,
    samples: SampleStore | None = None,
) -> FastAPI:
    """The server as an ASGI application.

    Args:
        recognizer: Finds and reads the faces.
        settings: Who may ask, and limits; None = the defaults, for this machine alone.
        page: Files that are served below ``/`` (``store.page``); None = a text that lists the
            routes.
        samples: Where labelled crops are kept; None = there are no such routes, and nothing is
            written.

    Raises:
        ConfigError: If the recogniser may find more faces than the settings allow, or the files
            are no page.
    """
    service = Service(recognizer, settings or Settings())
    app = FastAPI(
        title="mien",
        version=mien.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Edge, settings=service.settings, metrics=service.metrics)
    app.add_middleware(Lingering)
    app.add_exception_handler(HTTPException, _refused)
    _add_facts(app, service, collects=samples is not None)
    _add_docs(app)
    app.include_router(analyze_router(service))
    if samples is not None:
        app.include_router(samples_router(service, samples))
    app.include_router(stream_router(service))
    if page is not None:
        _add_page(app, Page(page))
    else:
        app.add_api_route("/", _index, include_in_schema=False)
    return app


def model_facts(service: Service) -> dict[str, Any]:
    """What ``/v1/model`` says: the public part of the card, and the limits."""
    recognizer, settings = service.recognizer, service.settings
    card, calibration = recognizer.card, recognizer.calibration
    return {
        "name": card.name,
        "labels": list(card.labels.labels),
        "label_space": card.labels.name,
        "precision": recognizer.precision,
        "temperature": calibration.temperature,
        "threshold": calibration.threshold,
        "risk": calibration.risk,
        "detector": recognizer.detector_name,
        "parameters": card.parameters,
        "licence": card.licence,
        "intended_use": card.intended_use,
        "out_of_scope": card.out_of_scope,
        "limits": {
            "body_bytes": settings.max_body,
            "frame_bytes": settings.max_frame,
            "pixels": settings.max_pixels,
            "faces": recognizer.options.max_faces,
            "streams": settings.max_streams,
            "frames_per_second": settings.frame_rate,
        },
        "version": mien.__version__,
    }


def _add_facts(app: FastAPI, service: Service, *, collects: bool) -> None:
    facts = {**model_facts(service), "collects": collects}

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", **openapi.HEALTH)
    async def healthz() -> Response:
        """Whether the server is up."""
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @app.head("/v1/model", include_in_schema=False)
    @app.get("/v1/model", **openapi.MODEL)
    async def model() -> Response:
        """What the model is, what it is for, and the limits of this server."""
        return JSONResponse(facts)

    @app.get("/metrics", **openapi.METRICS)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)


def _add_docs(app: FastAPI) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    async def schema() -> Response:
        return JSONResponse(app.openapi())

    files = {"/docs": "docs.html", "/docs/docs.js": "docs.js", "/docs/docs.css": "docs.css"}
    kinds = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
    for path, name in files.items():
        file = STATIC / name
        _add_file(app, path, file, kinds[file.suffix])


def _add_file(app: FastAPI, path: str, file: Path, kind: str) -> None:
    async def answer() -> Response:
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})

    app.add_api_route(path, answer, include_in_schema=False)


def _add_page(app: FastAPI, page: Page) -> None:
    """A route for each file: one for every path would hide that others know other methods."""

    def answer(request: Request) -> Response:
        return page.answer(request, request.url.path.removeprefix("/"))

    for path in page.paths:
        app.add_api_route(f"/{path}", answer, methods=["GET", "HEAD"], include_in_schema=False)


async def _index() -> Response:
    return PlainTextResponse(INDEX)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == _NOT_ALLOWED:
        error = HTTPException(error.status_code, headers={"Allow": _methods(request)})
    return refusal_response(error)


def _methods(request: Request) -> str:
    """What may be done with a path (RFC 9110, 10.2.1); the router tells of one route alone."""
    app: FastAPI = request.app
    found = (
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in app.router.routes
        )
    )
    return ", ".join(found)
