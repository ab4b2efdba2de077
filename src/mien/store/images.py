"""Reading pictures: every file becomes uint8 RGB once, here, or an error that says why not."""

from __future__ import annotations

import importlib
import io
import os
import re
import stat
import struct
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import ImageDecodeError, InputError
from mien.store.pixels import orientation_of, quiet, upright, upright_rgb

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""The formats that are read, by Pillow's names; AVIF besides, where Pillow has it."""

PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
    ".avif",
)  # fmt: skip
"""Ends of the names of pictures in these formats, lower case."""

CLUTTER = ("thumbs.db", "desktop.ini", "__macosx")
"""What file managers leave beside pictures, lower case."""

MAX_PIXELS = 80_000_000
"""Default limit on width x height: more than cameras commonly write, and within 700 MB of memory
even where a picture has an alpha channel."""

_READABLE = "JPEG, PNG, WebP, BMP, GIF, TIFF or PPM"
_MAX_STREAM = 512 << 20  # bytes taken from a stream: pictures on a pipe have no size to check first
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_DAMAGED = "the picture is damaged or cut off ({}); copy or export it again"
_AVIF_BRANDS = (b"avif", b"avis")
_SPARE = 32  # bytes at the end of a JPEG that no pixel needs; cameras leave a few


def is_clutter(name: str) -> bool:
    """Whether a file or folder is hidden or left by a file manager: nobody means it.

    >>> is_clutter(".DS_Store"), is_clutter("Thumbs.db"), is_clutter("face.jpg")
    (True, True, False)
    """
    return name.startswith(".") or name.casefold() in CLUTTER


def check_image(image: object) -> None:
    """Refuse anything but uint8 RGB of shape ``(H, W, 3)``.

    Raises:
        InputError: With what came instead.
    """
    got = type(image).__name__
    if isinstance(image, np.ndarray):
        array = cast("NDArray[Any]", image)
        if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3:
            return
        got = f"{array.dtype} {array.shape}"
    raise InputError(
        f"an image must be an array of uint8 (H, W, 3) RGB, got {got}; "
        "mien.read_image makes one of a file or a Pillow image"
    )


def read_image(
    source: Path | str | bytes | BinaryIO | Image | NDArray[np.uint8],
    *,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Read one picture as ``(H, W, 3)`` uint8 RGB, upright.

    Grey, palette, 1-bit, CMYK and 16-bit pictures are converted (16 bits by division by 257).
    Transparent parts are shown on white, as viewers do. The EXIF orientation is applied; colour
    profiles are not. An animation gives its first frame. Width and height are checked before
    pixels are decoded, and a file that ends early is an error, never a half-grey picture. Reading
    takes up to 7 bytes per pixel of memory, 3 of which remain.

    Args:
        source: A file, the bytes of one, a binary stream, which is read to its end, or a Pillow
            image. An array must be uint8 RGB and is returned as it is.
        max_pixels: Limit on width x height; Pillow's own limit of 178,956,970 holds besides.

    Raises:
        ImageDecodeError: If the picture cannot be read whole; its note names the file.
        InputError: If ``max_pixels`` is not positive, or ``source`` is none of these.
    """
    if max_pixels < 1:
        raise InputError(f"max_pixels must be 1 or more, got {max_pixels}")
    if isinstance(source, np.ndarray):
        check_image(source)
        return source
    if not isinstance(source, Path | str | bytes) and not hasattr(source, "read"):
        return _converted(source, max_pixels)
    try:
        with _opened(cast("Path | str | bytes | BinaryIO", source)) as stream:
            return _decoded(stream, max_pixels)
    except ImageDecodeError as error:
        if isinstance(source, Path | str):
            error.add_note(f"while reading {os.fspath(source)!r}")
        raise


def image_size(source: Path | str, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height of a picture as it is shown, from its header alone.

    Raises:
        ImageDecodeError: If the header cannot be read, or tells of more than ``max_pixels``.
    """
    from PIL import Image

    with _opened(source) as stream:
        _check_head(stream)
        try:
            with _open(stream, max_pixels) as image:
                width, height = image.size
                return (height, width) if orientation_of(image) >= 5 else (width, height)
        except (ImageDecodeError, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise _bomb(error, max_pixels) from error
        except Exception as error:  # plugins raise whatever a damaged header leads them to
            raise ImageDecodeError(f"not a {_READABLE} picture ({error})") from error


@contextmanager
def _opened(source: Path | str | bytes | BinaryIO) -> Generator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path | str):
        try:
            mode = Path(source).stat().st_mode
            if not stat.S_ISREG(mode):  # opening a pipe without a writer would wait for ever
                kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
                raise ImageDecodeError(f"expected a picture file, this is {kind}")
            file = Path(source).open("rb")  # noqa: SIM115 - only opening is guarded
        except (OSError, ValueError) as error:
            if isinstance(error, ImageDecodeError):
                raise
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ImageDecodeError(f"the file cannot be opened: {reason}") from error
        with file:
            yield file
    else:
        yield _drained(source)


def _drained(stream: BinaryIO) -> io.BytesIO:
    held = io.BytesIO()
    while chunk := stream.read(1 << 20):
        held.write(chunk)
        if held.tell() > _MAX_STREAM:
            raise ImageDecodeError(
                f"expected one picture, got more than {_MAX_STREAM >> 20} MiB of data; "
                "save it as a file and pass its name"
            )
    held.seek(0)
    return held


def _check_head(stream: BinaryIO) -> bytes:
    """First bytes; refuses what a person can act on: empty files and formats Pillow lacks."""
    head = stream.read(64)
    stream.seek(0)
    if not head:
        raise ImageDecodeError("the file is empty (0 bytes); copy or export it again")
    if head[4:8] == b"ftyp":
        size = min(max(struct.unpack(">I", head[:4])[0], 16), len(head))
        brands = {head[8:12]} | {head[i : i + 4] for i in range(16, size, 4)}
        avif = bool(brands & set(_AVIF_BRANDS))
        if (avif and not _reads_avif()) or (not avif and brands & set(_HEIF_BRANDS)):
            raise ImageDecodeError(
                f"{'AVIF' if avif else 'HEIC/HEIF'} pictures are not read; convert it to JPEG "
                "(on a phone: share or export it as 'most compatible')"
            )
    return head


@cache
def _reads_avif() -> bool:
    """Whether this Pillow was built with AVIF: wheels are since 11.3."""
    from PIL import features

    return "avif" in features.get_supported_modules()


def _converted(image: object, max_pixels: int) -> NDArray[np.uint8]:
    """The pixels of a Pillow image, which may be lazy and so damaged."""
    from PIL.Image import Image as PillowImage

    if not isinstance(image, PillowImage):
        raise InputError(
            "expected a path, bytes, a binary stream, a Pillow image or an array, "
            f"got {type(image).__name__}"
        )
    _check_pixels(image, max_pixels)
    try:
        return upright_rgb(_loaded(image))
    except (ImageDecodeError, MemoryError):
        raise
    except Exception as error:  # as below
        raise ImageDecodeError(_DAMAGED.format(error)) from error


def _decoded(stream: BinaryIO, max_pixels: int) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    head = _check_head(stream)
    try:
        with _open(stream, max_pixels) as image:
            if image.format == "PNG":
                with quiet():
                    image.verify()  # checksums; spoils ``image`` for decoding
            elif image.format in {"JPEG", "MPO"}:
                pixels = _jpeg(image, stream)
                if pixels is not None:
                    return upright(pixels, orientation_of(image))
        with _open(stream, max_pixels) as image:
            return upright_rgb(_loaded(image))
    except (ImageDecodeError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _bomb(error, max_pixels) from error
    except UnidentifiedImageError as error:
        if not head.startswith(_MAGIC) and head[8:12] not in _AVIF_BRANDS:
            raise ImageDecodeError(f"this is not a {_READABLE} picture") from error
        raise ImageDecodeError(_DAMAGED.format("its header is incomplete")) from error
    except Exception as error:  # plugins raise whatever a damaged header leads them to
        raise ImageDecodeError(_DAMAGED.format(error)) from error


def _open(stream: BinaryIO, max_pixels: int) -> Image:
    """Read the header and check its size; plugins register themselves when imported."""
    from PIL import Image

    formats = (*FORMATS, *(["AVIF"] if _reads_avif() else []))
    plugins = {"TIFF": "Tiff", "WEBP": "WebP", "AVIF": "Avif"}
    for name in plugins.keys() & set(formats):  # spares Image.open loading all 40
        importlib.import_module(f"PIL.{plugins[name]}ImagePlugin")
    stream.seek(0)
    with quiet():
        image = Image.open(stream, formats=formats)
        if image.format == "TIFF":
            _seek_main(image)
    _check_pixels(image, max_pixels)
    return image


def _seek_main(image: Image) -> None:
    """Go to the first full picture of a TIFF: previews and masks may come before it.

    NewSubfileType (TIFF 6.0, tag 254): bit 0 says reduced, bit 2 a mask.
    """
    pages: int = getattr(image, "n_frames", 1)
    for page in range(pages):
        image.seek(page)
        if not int(image.tag_v2.get(254, 0)) & 5:  # type: ignore[attr-defined]
            return
    image.seek(0)


def _check_pixels(image: Image, max_pixels: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageDecodeError(f"expected one pixel or more, the picture has {width} x {height}")
    if width * height > max_pixels:
        raise _too_large(width * height, max_pixels, f" ({width} x {height})")


def _bomb(error: Exception, max_pixels: int) -> ImageDecodeError:
    """Pillow's own limit, which it names in words alone."""
    found = re.search(r"\((\d+) pixels\)", str(error))
    return _too_large(int(found[1]) if found else None, max_pixels)


def _too_large(pixels: int | None, max_pixels: int, size: str = "") -> ImageDecodeError:
    amount = "too many" if pixels is None else f"{pixels / 1e6:,.1f}"
    return ImageDecodeError(
        f"the picture has {amount} megapixels{size}, "
        f"at most {max_pixels / 1e6:,.1f} are read; scale it down first"
    )


def _jpeg(image: Image, stream: BinaryIO) -> NDArray[np.uint8] | None:
    """``(H, W, 3)`` pixels of a grey or colour JPEG as stored; None of the kinds left to Pillow.

    Both decode by libjpeg-turbo, to the same values. Pillow is silent where the data are damaged,
    and shows grey or shifted blocks.

    Raises:
        ImageDecodeError: If a part of the data is damaged or missing.
    """
    import simplejpeg  # type: ignore[reportMissingTypeStubs]

    stream.seek(0)
    data = stream.read()
    space = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}.get(image.mode, "RGB")
    try:
        pixels = simplejpeg.decode_jpeg(data, space)
    except ValueError as error:
        if _is_damage(str(error)):
            raise ImageDecodeError(_DAMAGED.format(error)) from error
        return None
    if space == "CMYK":  # whole, but its colours are Pillow's to convert
        return None
    return pixels if space == "RGB" else pixels.repeat(3, axis=2)


def _is_damage(remark: str) -> bool:
    """Whether a remark of libjpeg-turbo means that pixels are wrong.

    Some cameras write a few bytes more than the picture needs: then every pixel is there. Damage
    leaves more, or less.
    """
    spare = re.search(r"(\d+) extraneous bytes before marker 0xd9", remark)
    if spare:
        return int(spare[1]) > _SPARE
    return remark.startswith(("Corrupt JPEG data", "Premature end"))


def _loaded(image: Image) -> Image:
    if image.format == "JPEG":  # never warns while decoding, so threads need not wait
        image.load()
    else:
        with quiet():
            image.load()
    return image
