"""Reading pictures: every file becomes uint8 RGB once, here, or an error that says why not."""

from __future__ import annotations

import importlib
import io
import os
import re
import stat
import struct
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import ImageDecodeError, InputError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""The formats that are read, by Pillow's names."""

PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
)  # fmt: skip
"""Ends of the names of pictures in these formats, lower case."""

CLUTTER = ("thumbs.db", "desktop.ini", "__macosx")
"""What file managers leave beside pictures, lower case."""

MAX_PIXELS = 80_000_000
"""Default limit on width x height: more than cameras commonly write, and within 700 MB of memory
even where a picture has an alpha channel."""

_READABLE = "JPEG, PNG, WebP, BMP, GIF, TIFF or PPM"
_MAX_STREAM = 512 << 20  # bytes taken from a stream: pictures on a pipe have no size to check first
_STRIP = 1 << 18  # pixels converted at a time: fits the cache, and only one full copy is made
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"II*\0", b"MM\0*", b"BM")
_DAMAGED = "the picture is damaged or cut off ({}); copy or export it again"
_AVIF_BRANDS = (b"avif", b"avis")

# EXIF orientation (CIPA DC-008, 4.6.4.A) -> Pillow's operation that puts a strip of stored rows
# upright, the axis of the upright picture along which strips follow, and whether backwards.
_UPRIGHT = {
    2: ("FLIP_LEFT_RIGHT", 0, False),
    3: ("ROTATE_180", 0, True),
    4: ("FLIP_TOP_BOTTOM", 0, True),
    5: ("TRANSPOSE", 1, False),
    6: ("ROTATE_270", 1, True),
    7: ("TRANSVERSE", 1, True),
    8: ("ROTATE_90", 1, False),
}

_warnings_lock = threading.Lock()


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
    from PIL import UnidentifiedImageError

    with _opened(source) as stream:
        _check_head(stream)
        try:
            with _open(stream, max_pixels) as image:
                width, height = image.size
                return (height, width) if _orientation(image) >= 5 else (width, height)
        except ImageDecodeError:
            raise
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
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
        for name, known in (("AVIF", _AVIF_BRANDS), ("HEIC/HEIF", _HEIF_BRANDS)):
            if brands & set(known):
                raise ImageDecodeError(
                    f"{name} pictures are not read; convert it to JPEG "
                    "(on a phone: share or export it as 'most compatible')"
                )
    return head


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
        return _upright_rgb(_loaded(image))
    except (ImageDecodeError, MemoryError):
        raise
    except Exception as error:  # as below
        raise ImageDecodeError(_DAMAGED.format(error)) from error


def _decoded(stream: BinaryIO, max_pixels: int) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    head = _check_head(stream)
    try:
        with _open(stream, max_pixels) as image:
            _check_whole(image, stream)
        with _open(stream, max_pixels) as image:
            return _upright_rgb(_loaded(image))
    except (ImageDecodeError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_large(int(found[1]) if found else None, max_pixels) from error
    except UnidentifiedImageError as error:
        if not head.startswith(_MAGIC):
            raise ImageDecodeError(f"this is not a {_READABLE} picture") from error
        raise ImageDecodeError(_DAMAGED.format("its header is incomplete")) from error
    except Exception as error:  # plugins raise whatever a damaged header leads them to
        raise ImageDecodeError(_DAMAGED.format(error)) from error


def _open(stream: BinaryIO, max_pixels: int) -> Image:
    """Read the header and check its size; the two plugins register themselves when imported."""
    from PIL import Image

    for name in ("PIL.TiffImagePlugin", "PIL.WebPImagePlugin"):  # spares Image.open loading all 40
        importlib.import_module(name)
    stream.seek(0)
    with _quiet():
        image = Image.open(stream, formats=FORMATS)
    _check_pixels(image, max_pixels)
    return image


def _check_pixels(image: Image, max_pixels: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageDecodeError(f"expected one pixel or more, the picture has {width} x {height}")
    if width * height > max_pixels:
        raise _too_large(width * height, max_pixels, f" ({width} x {height})")


@contextmanager
def _quiet() -> Generator[None]:
    """Silence Pillow's remarks on odd files; warning filters are global, hence the lock."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _too_large(pixels: int | None, max_pixels: int, size: str = "") -> ImageDecodeError:
    amount = "too many" if pixels is None else f"{pixels / 1e6:,.1f}"
    return ImageDecodeError(
        f"the picture has {amount} megapixels{size}, "
        f"at most {max_pixels / 1e6:,.1f} are read; scale it down first"
    )


def _check_whole(image: Image, stream: BinaryIO) -> None:
    """Refuse what would be shown as colours: a PNG whose checksums fail, a JPEG without end.

    The other formats have neither; a file of those whose tail was filled with zeros is read.
    """
    if image.format == "PNG":
        image.verify()  # checksums; spoils ``image`` for decoding
    if image.format in {"JPEG", "MPO"} and not _has_jpeg_end(stream):
        raise ImageDecodeError(_DAMAGED.format("the JPEG data has no end"))


def _has_jpeg_end(stream: BinaryIO) -> bool:
    """Whether an end marker follows the first scan; inside a scan those two bytes cannot occur."""
    stream.seek(2)
    while (marker := stream.read(2)) != b"\xff\xda":
        size = stream.read(2)
        if marker[:1] != b"\xff" or len(size) < 2:
            return True  # an unusual header: leave the judgement to the decoder
        stream.seek(max(0, int.from_bytes(size, "big") - 2), os.SEEK_CUR)
    last = b""
    while chunk := stream.read(1 << 20):
        if b"\xff\xd9" in last + chunk:
            return True
        last = chunk[-1:]
    return False


def _loaded(image: Image) -> Image:
    if image.format == "JPEG":  # never warns while decoding, so threads need not wait
        image.load()
    else:
        with _quiet():
            image.load()
    return image


def _orientation(image: Image) -> int:
    try:
        with _quiet():
            return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything; the pixels are whole, so keep them
        return 1


def _upright_rgb(image: Image) -> NDArray[np.uint8]:
    """Convert strip by strip into the upright array: one full copy, whatever the mode."""
    from PIL.Image import Transpose

    width, height = image.size
    turn, axis, backwards = _UPRIGHT.get(_orientation(image), (None, 0, False))
    upright = np.empty((height, width, 3) if axis == 0 else (width, height, 3), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = image.crop((0, top, width, bottom))
        if turn:
            strip = strip.transpose(Transpose[turn])
        span = slice(height - bottom, height - top) if backwards else slice(top, bottom)
        upright[(slice(None),) * axis + (span,)] = _rgb(strip, image.format)
    return upright


def _rgb(image: Image, file_format: str | None) -> NDArray[Any]:
    """``(h, w, 3)`` or ``(h, w, 1)`` uint8 of any mode."""
    if image.mode.startswith("I;16"):
        return _from_16_bits(np.asarray(image))
    if image.mode == "I" and file_format == "PPM":  # Pillow scales its 16-bit greys to 0..65535
        return _from_16_bits(np.asarray(image))
    if image.mode in {"I", "F"}:
        raise ImageDecodeError(
            "pictures with 32-bit or float values have no agreed white; convert it to 8 or 16 bits"
        )
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _from_16_bits(grey: NDArray[Any]) -> NDArray[np.uint8]:
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)[..., None]


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.size and alpha.min() == 255:
        return rgba[..., :3]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
