"""Every form of one photo gives one answer; everything else is an error that says why."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from made_pictures import bomb_png, encoded, jpeg_header, png, png_header, scene
from mien.core.errors import ImageDecodeError, InputError
from mien.store.images import FORMATS, MAX_PIXELS, read_image


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
    ],
)
def test_lossless_formats_give_back_every_pixel(file_format, options):
    assert np.array_equal(read_image(encoded(scene(), file_format, **options)), scene())


def test_every_listed_format_is_read():
    for file_format in FORMATS:
        got = read_image(encoded(scene(), file_format))
        assert got.shape == (60, 80, 3)
        assert got.dtype == np.uint8
        assert abs(got.astype(int) - scene()).mean() < 12, file_format  # GIF has 256 colours


def test_a_file_its_name_its_bytes_and_a_stream_give_the_same(tmp_path):
    data = encoded(scene())
    file = tmp_path / "a picture.png"
    file.write_bytes(data)
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        for source in (file, str(file), data, io.BytesIO(data), pipe):
            assert np.array_equal(read_image(source), scene())


def test_a_pillow_image_and_an_array_give_the_same():
    rotated = Image.fromarray(scene())
    rotated.getexif()[0x0112] = 6
    assert np.array_equal(read_image(rotated), np.rot90(scene(), -1))
    assert np.array_equal(read_image(Image.fromarray(scene()).convert("RGBA")), scene())
    array = scene()
    assert read_image(array) is array


def test_a_pillow_image_may_be_damaged_or_too_large():
    lazy = Image.open(io.BytesIO(encoded(scene(400, 400))[:2000]))
    with pytest.raises(ImageDecodeError, match="damaged or cut off"):
        read_image(lazy)
    with pytest.raises(ImageDecodeError, match="megapixels"):
        read_image(Image.fromarray(scene()), max_pixels=100)


@pytest.mark.parametrize("source", [None, 3, [scene()], scene().astype(float), scene()[..., 0]])
def test_anything_else_is_refused(source):
    with pytest.raises(InputError, match=r"expected a path|uint8"):
        read_image(source)


def test_the_answer_is_writable_and_contiguous():
    got = read_image(encoded(scene()))
    got[0, 0] = 7
    assert got.flags.c_contiguous


class TestConversion:
    """Forms of one picture."""

    def test_grey_is_repeated(self):
        grey = scene()[..., 0]
        assert np.array_equal(read_image(encoded(grey)), np.repeat(grey[..., None], 3, axis=2))

    def test_grey_with_alpha(self):
        image = Image.fromarray(scene()).convert("L")
        expected = np.repeat(np.asarray(image)[..., None], 3, axis=2)
        image.putalpha(255)
        assert np.array_equal(read_image(encoded(image)), expected)

    def test_opaque_alpha_changes_nothing(self):
        image = Image.fromarray(scene()).convert("RGBA")
        assert np.array_equal(read_image(encoded(image)), scene())

    @given(st.integers(0, 255), st.integers(0, 255))
    def test_transparency_shows_white_behind(self, alpha, level):
        image = Image.new("RGBA", (3, 2), (level, 0, 255, alpha))
        got = read_image(encoded(image))[0, 0].astype(float)
        a = alpha / 255
        assert np.abs(got - [level * a + 255 * (1 - a), 255 * (1 - a), 255]).max() <= 0.501

    def test_palette(self):
        image = Image.fromarray(scene()).quantize(16)
        expected = np.asarray(image.convert("RGB"))
        for file_format in ("PNG", "GIF", "BMP"):
            assert np.array_equal(read_image(encoded(image, file_format)), expected)

    def test_palette_with_a_transparent_entry_shows_white_there(self):
        image = Image.new("P", (4, 4), 1)
        image.putpalette([10, 20, 30, 200, 100, 50])
        image.putpixel((0, 0), 0)
        got = read_image(encoded(image, "PNG", transparency=0))
        assert got[0, 0].tolist() == [255, 255, 255]
        assert got[1, 1].tolist() == [200, 100, 50]

    def test_rgb_with_a_transparent_colour_shows_white_there(self):
        image = Image.new("RGB", (4, 4), (9, 8, 7))
        image.putpixel((0, 0), (1, 2, 3))
        got = read_image(encoded(image, "PNG", transparency=(1, 2, 3)))
        assert got[0, 0].tolist() == [255, 255, 255]
        assert got[1, 1].tolist() == [9, 8, 7]

    @pytest.mark.parametrize("file_format", ["PNG", "TIFF", "PPM"])
    def test_16_bit_grey_is_scaled_not_clipped(self, file_format):
        grey = scene()[..., 0]
        deep = Image.fromarray(grey.astype(np.uint16) * 257)
        expected = np.repeat(grey[..., None], 3, axis=2)
        assert np.array_equal(read_image(encoded(deep, file_format)), expected)

    def test_16_bit_grey_that_counts_from_white(self):
        grey = np.array([[0, 257, 65535]], dtype=np.uint16)
        data = encoded(Image.fromarray(grey), "TIFF", tiffinfo={262: 0})
        assert read_image(data)[0, :, 0].tolist() == [255, 254, 0]

    @pytest.mark.parametrize("kinds", [(1, 0), (4, 0), (1, 4, 0), (0, 1)])
    def test_tiff_gives_its_picture_not_a_preview_or_mask(self, kinds):
        pages = [scene(30, 40) if kind == 0 else scene(12, 16) for kind in kinds]
        first, *others = map(Image.fromarray, pages)
        data = bytearray(
            encoded(first, "TIFF", save_all=True, append_images=others, tiffinfo={254: 1})
        )
        at = struct.unpack_from("<I", data, 4)[0]
        for kind in kinds:  # the same tag was written into every directory
            (entries,) = struct.unpack_from("<H", data, at)
            for entry in range(at + 2, at + 2 + 12 * entries, 12):
                if struct.unpack_from("<H", data, entry)[0] == 254:
                    struct.pack_into("<I", data, entry + 8, kind)
            at = struct.unpack_from("<I", data, at + 2 + 12 * entries)[0]
        assert np.array_equal(read_image(bytes(data)), scene(30, 40))

    def test_16_bit_big_endian(self):
        grey = scene()[..., 0]
        data = encoded(Image.fromarray((grey.astype(np.uint16) * 257).astype(">u2")), "TIFF")
        assert np.array_equal(read_image(data)[..., 1], grey)

    @pytest.mark.parametrize(("colour", "channels"), [(2, 3), (6, 4), (4, 2)])
    def test_16_bit_colour_and_alpha(self, colour, channels):
        deep = np.full((60, 80, channels), 0xFFFF, ">u2")  # alpha, where there is one, is opaque
        shown = min(channels, 3) if channels != 2 else 1
        deep[..., :shown] = scene()[..., :shown].astype(np.uint16) * 257
        rows = b"".join(b"\0" + row.tobytes() for row in deep)
        got = read_image(png(80, 60, 16, colour, zlib.compress(rows)))
        assert np.array_equal(got[..., :shown], scene()[..., :shown])

    def test_1_bit(self):
        image = Image.fromarray(scene()).convert("1")
        got = read_image(encoded(image))
        assert np.array_equal(got, np.asarray(image.convert("RGB")))
        assert set(np.unique(got)) == {0, 255}

    def test_cmyk(self):
        image = Image.fromarray(scene()).convert("CMYK")
        got = read_image(encoded(image, "JPEG", quality=95))
        assert abs(got.astype(int) - scene()).mean() < 12

    def test_animation_gives_its_first_frame(self):
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        for file_format in ("GIF", "PNG", "WEBP"):
            data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
            assert (abs(read_image(data)[4, 4].astype(int) - [255, 0, 0]) < 5).all(), file_format

    def test_multi_picture_jpeg_gives_its_first_picture(self):
        second = Image.new("RGB", (80, 60), "blue")
        data = encoded(scene(), "MPO", save_all=True, append_images=[second], quality=95)
        assert abs(read_image(data).astype(int) - scene()).mean() < 12

    @pytest.mark.parametrize("values", [np.float32, np.int32])
    def test_values_without_an_agreed_white_are_refused(self, values):
        data = encoded(scene()[..., 0].astype(values), "TIFF")
        with pytest.raises(ImageDecodeError, match="convert it to 8 or 16 bits"):
            read_image(data)


class TestOrientation:
    """EXIF orientation; the oracle is Pillow's own transposition."""

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
    @pytest.mark.parametrize("shape", [(60, 80), (1200, 700)])  # one strip, several strips
    def test_all_eight(self, orientation, file_format, shape):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"lossless": True} if file_format == "WEBP" else {}
        stored = Image.fromarray(scene(*shape))
        stored.getexif()[0x0112] = orientation
        expected = np.asarray(ImageOps.exif_transpose(stored))
        got = read_image(encoded(scene(*shape), file_format, exif=exif, **options))
        assert np.array_equal(got, expected)

    def test_16_bit_and_rotated(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        grey = scene()[..., 0]
        deep = Image.fromarray(grey.astype(np.uint16) * 257)
        assert np.array_equal(read_image(encoded(deep, exif=exif))[..., 0], np.rot90(grey, -1))

    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"]
    )
    def test_damaged_exif_leaves_the_picture_as_stored(self, exif):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.array_equal(read_image(encoded(scene(), exif=exif)), scene())

    def test_impossible_orientation_is_ignored(self):
        exif = Image.Exif()
        exif[0x0112] = 77
        assert np.array_equal(read_image(encoded(scene(), exif=exif)), scene())


class TestSize:
    """Dimensions are checked before pixels are decoded."""

    @pytest.mark.parametrize("header", [png_header, jpeg_header])
    @pytest.mark.parametrize("size", [(30_000, 30_000), (12_000, 12_000), (10_001, 8_000)])
    def test_large_pictures_are_refused_without_a_warning(self, header, size):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ImageDecodeError, match=r"megapixels.*at most 80\.0 are read"):
                read_image(header(*size))

    def test_a_lying_header_is_refused(self):
        with pytest.raises(ImageDecodeError, match="damaged or cut off"):
            read_image(png_header(300, 300))

    def test_the_limit_is_inclusive_and_names_the_size(self):
        data = encoded(scene())
        assert read_image(data, max_pixels=4800).shape == (60, 80, 3)
        with pytest.raises(ImageDecodeError, match="80 x 60"):
            read_image(data, max_pixels=4799)

    def test_a_genuine_bomb_uses_no_memory(self, tmp_path):
        file = tmp_path / "bomb.png"
        file.write_bytes(bomb_png())
        before = _resident_bytes()
        with pytest.raises(ImageDecodeError, match="900\\.0 megapixels"):
            read_image(file)
        assert _resident_bytes() - before < 50 << 20
        assert MAX_PIXELS < 900e6

    def test_a_limit_below_one_is_a_mistake(self):
        with pytest.raises(InputError, match="max_pixels"):
            read_image(encoded(scene()), max_pixels=0)

    def test_extreme_shapes(self):
        for shape in ((1, 1), (1, 40_000), (40_000, 1)):
            assert read_image(encoded(np.zeros(shape, np.uint8))).shape == (*shape, 3)


def _resident_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class TestPlaces:
    """What is no readable file."""

    def test_missing_file_is_named_in_the_note(self, tmp_path):
        with pytest.raises(ImageDecodeError, match="No such file") as caught:
            read_image(tmp_path / "gone.jpg")
        assert "gone.jpg" in caught.value.__notes__[0]

    def test_dangling_link(self, tmp_path):
        (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
        with pytest.raises(ImageDecodeError, match="No such file"):
            read_image(tmp_path / "link.jpg")

    def test_links_in_a_circle(self, tmp_path):
        (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
        (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
        with pytest.raises(ImageDecodeError, match="cannot be opened"):
            read_image(tmp_path / "a.jpg")

    def test_folder_with_the_name_of_a_picture(self, tmp_path):
        (tmp_path / "x.jpg").mkdir()
        with pytest.raises(ImageDecodeError, match="this is a folder"):
            read_image(tmp_path / "x.jpg")

    @pytest.mark.timeout(20)
    def test_a_pipe_without_a_writer_does_not_hang(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(ImageDecodeError, match="a pipe, socket or device"):
            read_image(tmp_path / "pipe.jpg")

    def test_a_name_that_no_system_accepts(self):
        with pytest.raises(ImageDecodeError, match="cannot be opened"):
            read_image("a\0b.jpg")
        with pytest.raises(ImageDecodeError, match="cannot be opened"):
            read_image(Path("x" * 5000))

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_no_permission(self, tmp_path):
        file = tmp_path / "closed.png"
        file.write_bytes(encoded(scene()))
        file.chmod(0)
        with pytest.raises(ImageDecodeError, match="Permission denied"):
            read_image(file)

    def test_an_endless_stream_is_refused(self, monkeypatch):
        monkeypatch.setattr("mien.store.images._MAX_STREAM", 3 << 20)

        class Endless(io.RawIOBase):
            def read(self, size=-1):
                return bytes(size)

        with pytest.raises(ImageDecodeError, match="more than 3 MiB"):
            read_image(Endless())  # type: ignore[arg-type]
