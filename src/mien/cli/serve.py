"""``mien serve``."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from mien.cli import console, options

_CAMERA = (
    "a phone or another computer gives its camera to this page over HTTPS only: make a certificate "
    "(openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout mien.key -out mien.crt "
    "-subj /CN=mien -addext subjectAltName=IP:{address}), add --host 0.0.0.0 "
    "--token-file FILE --tls-cert mien.crt --tls-key mien.key, and accept it on the phone once"
)
_COLLECTS = (
    "crops that people label are kept, each session by a consent of its own; "
    "whoever may use this server may see and delete them"
)
_MOST_WORKERS = 8


def serve(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; 0.0.0.0 = all.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port; 0 = any free one.")
    ] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Token that clients must give; a file only you can read."
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM certificate; with --tls-key.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM key without a password.")
    ] = None,
    public_url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Address under which a proxy shows this server; repeatable."
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let anyone who reaches this machine use it.")
    ] = False,
    collect: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Keep crops that people label and agree to; a private folder."
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Change a limit (docs/serving.md lists them); repeatable."
        ),
    ] = None,
    model: options.ModelOption = "default",
    precision: options.Precision = "fp32",
    views: options.Views = "one",
    detector: options.Detector = "mtcnn",
    min_face: options.MinFace = 40,
    device: options.Device = "cpu",
    threads: Annotated[
        int, typer.Option(min=1, metavar="N", help="CPU threads of one picture.")
    ] = 1,
) -> None:
    """Serve the page, and answers over HTTP and WebSocket, until Ctrl-C.

    Listens to this machine alone unless told otherwise. Nothing is written to disk unless
    --collect, and no picture, address or token is logged. Logs are JSON lines on stderr.

    Example: mien serve --port 8080
    """
    with console.needs("serve"):
        from mien.server import Settings, create_app, listen
        from mien.server.events import start_logging
        from mien.server.settings import is_local, parse_limits, public_hosts, read_token
    from mien.store.bundle import DEFAULT, open_bundle
    from mien.store.page import has_page, page_files
    from mien.store.samples import SampleStore

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key need one another")
    urls = tuple(public_url or ())
    hosts = public_hosts(host, urls)
    reached = _reached_by_others(host, urls)
    if reached and token_file is None and not insecure:
        raise typer.BadParameter(
            f"{reached} can be reached by others: give --token-file FILE, "
            "or --insecure to let everybody in"
        )
    if collect is not None and reached and token_file is None:
        raise typer.BadParameter(
            "--collect keeps faces that everybody could then see and delete: give --token-file FILE"
        )
    workers = max(1, min(_MOST_WORKERS, (os.cpu_count() or 1) // threads))
    settings = Settings(
        hosts=hosts,
        origins=urls,
        token=None if token_file is None else read_token(token_file),
        **{"workers": workers, **parse_limits(limit or ())},
    )
    tls = None if tls_cert is None or tls_key is None else listen.tls_context(tls_cert, tls_key)
    with ExitStack() as stack:
        opened = stack.enter_context(listen.open_socket(host, port))
        samples = None
        if collect is not None:
            store = SampleStore(collect, create=True, limits=settings.sample_limits)
            samples = stack.enter_context(store)
        recognizer = options.recognizer(
            model, precision, detector, min_face, device, threads, views=views
        )
        files = None
        if has_page():
            bundles = [open_bundle(model), open_bundle(DEFAULT)]
            files = page_files(bundles, collects=samples is not None)
        app = create_app(recognizer, settings, page=files, samples=samples)
        words = _greeting(opened, secure=tls is not None, local=is_local(host))
        if settings.token is not None:
            words.append("clients must give the token that is in the file of --token-file")
        if files is None:
            words.append(
                "this copy of mien has no page; in a clone, make page builds it "
                "(Node 20.19 or newer)"
            )
        if samples is not None:
            words.append(_COLLECTS)
        start_logging(sys.stderr)
        listen.serve(app, opened, settings, tls=tls, on_start=lambda: _greet(words))


def _greet(words: list[str]) -> None:
    """Words for a person; a line of the log where nobody looks."""
    if console.on_terminal(sys.stderr):
        for line in words:
            console.say(f"mien: {line}")
    else:
        from mien.server.events import event

        event("start", words=words)


def _reached_by_others(host: str, urls: tuple[str, ...]) -> str | None:
    """The option with which others can reach this server: through its address or a proxy."""
    from mien.server.settings import is_local

    if not is_local(host):
        return f"--host {host}"
    strange = [url for url in urls if not is_local(urlsplit(url).hostname or "")]
    return f"--public-url {strange[0]}" if strange else None


def _greeting(opened: socket.socket, *, secure: bool, local: bool) -> list[str]:
    address, port = opened.getsockname()[:2]
    everywhere = address in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    scheme = "https" if secure else "http"
    shown = {"127.0.0.1": "localhost"}.get(address, f"[{address}]" if ":" in address else address)
    words = [
        f"listening on {scheme}://{'localhost' if everywhere else shown}:{port} (Ctrl-C stops)"
    ]
    ours = _address_of_this_machine()
    if not local and not secure:
        words.append("without TLS everybody on the way can read pictures and token")
    if everywhere and ours is not None:
        words.append(f"on this network: {scheme}://{ours}:{port}")
    if local or not secure:
        words.append(_CAMERA.format(address=ours or "ADDRESS-OF-THIS-MACHINE"))
    return words


def _address_of_this_machine() -> str | None:
    """The IPv4 address that others on the network know this machine by; None = not found.

    Asking the system for its way to an address sends nothing; this one is of no machine (RFC 5737).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
            return str(asked.getsockname()[0])
        except OSError:
            return None
