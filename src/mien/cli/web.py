"""``mien web export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.cli import console

app = typer.Typer(help="The page that reads faces in a browser.", no_args_is_help=True)


@app.callback()
def web() -> None:
    """The page that reads faces in a browser."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Name or folder of a bundle; repeatable, the first is chosen at first.",
            show_default="default",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a page that was exported to DIR.")
    ] = False,
) -> None:
    """Write the page as a folder of files for any HTTPS host.

    It has the detector, the models and the WebAssembly runtime with it, asks no other host for
    anything, and sends no picture anywhere.

    Example: mien web export --out page
    """
    from mien.store.bundle import open_bundle
    from mien.store.page import page_files, write_page

    files = page_files([open_bundle(name) for name in model or ["default"]])
    write_page(files, out, replace=replace)
    size = sum(map(len, files.values())) / 1e6
    console.say(f"written to {out}: {len(files)} files, {size:.1f} MB; serve it over HTTPS")
