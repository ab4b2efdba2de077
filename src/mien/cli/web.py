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
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME|PATH",
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
    """
    from mien.core.errors import InputError
    from mien.store.atomic import writing_folder
    from mien.store.bundle import open_bundle
    from mien.store.page import page_files

    files = page_files([open_bundle(name) for name in model or ["default"]])
    if replace and folder.is_dir() and any(folder.iterdir()):
        for name in ("index.html", "models.json"):
            if not (folder / name).is_file():
                raise InputError(
                    f"{folder} is no exported page, it has no {name}; choose another folder"
                )
    with writing_folder(folder, replace=replace) as part:
        for path, data in files.items():
            file = part / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    size = sum(map(len, files.values())) / 1e6
    console.say(f"written to {folder}: {len(files)} files, {size:.1f} MB; serve it over HTTPS")
