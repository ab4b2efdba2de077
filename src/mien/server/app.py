"""``create_app``: the ASGI application around one recogniser."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route

import mien
from mien.runtime.recognizer import Recognizer
from mien.server.guard.middleware import GuardMiddleware
from mien.server.metrics import CONTENT_TYPE
from mien.server.page import INDEX, STATIC, Page
from mien.server.refusals import STATUSES, refusal_response
from mien.server.samples import sample_routes
from mien.server.service import Service
from mien.server.settings import Settings
from mien.server.stream import stream_route
from mien.server.uploads import analyze_route
from mien.store.samples import SampleStore

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_DOCS = {
    "/docs": ("docs.html", "text/html"),
    "/docs/docs.js": ("docs.js", "text/javascript"),
    "/docs/docs.css": ("docs.css", "text/css"),
}


def create_app(
    recognizer: Recognizer,
    settings: Settings | None = None,
    *,
    page: Mapping[str, bytes] | None = None,
    samples: SampleStore | None = None,
) -> Starlette:
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
    routes: list[BaseRoute] = [*_fact_routes(service, collects=samples is not None)]
    routes.append(analyze_route(service))
    if samples is not None:
        routes += sample_routes(service, samples)
    routes.append(_schema_route(routes, recognizer.labels.labels))
    routes += [_file_route(path, *file) for path, file in _DOCS.items()]
    routes.append(stream_route(service))
    routes += [Route("/", _index)] if page is None else _page_routes(Page(page))
    app = Starlette(
        routes=routes,
        middleware=[Middleware(GuardMiddleware, service.settings, service.metrics)],
        exception_handlers=dict.fromkeys((HTTPException, *STATUSES), _refused),
    )
    app.router.redirect_slashes = False
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
        "views": recognizer.views,
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


def _fact_routes(service: Service, *, collects: bool) -> list[Route]:
    facts = {**model_facts(service), "collects": collects}

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def model(_: Request) -> Response:
        return JSONResponse(facts)

    async def metrics(_: Request) -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    return [Route("/healthz", health), Route("/v1/model", model), Route("/metrics", metrics)]


def _schema_route(routes: Iterable[BaseRoute], labels: Iterable[str]) -> Route:
    """``/openapi.json``: the document of all routes, reduced to those that are here."""
    schema = json.loads((STATIC / "openapi.json").read_text(encoding="utf-8"))
    here = {route.path for route in routes if isinstance(route, Route)}
    schema["info"]["version"] = mien.__version__
    schema["paths"] = {path: said for path, said in schema["paths"].items() if path in here}
    schema["components"]["schemas"]["Label"]["properties"]["label"]["enum"] = list(labels)

    async def answer(_: Request) -> Response:
        return JSONResponse(schema)

    return Route("/openapi.json", answer)


def _file_route(path: str, name: str, kind: str) -> Route:
    async def answer(_: Request) -> Response:
        return FileResponse(STATIC / name, media_type=kind, headers={"Cache-Control": "no-cache"})

    return Route(path, answer)


def _page_routes(page: Page) -> list[Route]:
    """A route for each file: one for every path would hide that others know other methods."""

    def answer(request: Request) -> Response:
        return page.answer(request, request.url.path.removeprefix("/"))

    return [Route(f"/{path}", answer) for path in page.paths]


async def _index(_: Request) -> Response:
    return PlainTextResponse(INDEX)


async def _refused(request: Request, error: Exception) -> Response:
    response = refusal_response(error)
    if response.status_code == 405:
        response.headers["Allow"] = _methods(request)
    return response


def _methods(request: Request) -> str:
    """What may be done with a path (RFC 9110, 10.2.1); the router knows of one route alone."""
    found = (
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    )
    return ", ".join(found)
