"""Pictures that are damaged, or none: an error that says why, never a half-grey face."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.PngImagePlugin import PngInfo

from made_pictures import encoded, scene
from mien.core.errors import ImageDecodeError
from mien.store.images import read_image

FORMS = {
    "jpeg": ("JPEG", "RGB", {}),
    "progressive jpeg": ("JPEG", "RGB", {"progressive": True}),
    "grey jpeg": ("JPEG", "L", {}),
    "png": ("PNG", "RGB", {}),
    "palette png": ("PNG", "P", {}),
    "webp": ("WEBP", "RGB", {}),
    "bmp": ("BMP", "RGB", {}),
    "gif": ("GIF", "P", {}),
    "tiff": ("TIFF", "RGB", {}),
    "lzw tiff": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "ppm": ("PPM", "RGB", {}),
}


class TestDamage:
    """A file that ends early is an error, not a half-grey face."""

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("kept", [0.02, 0.3, 0.5, 0.7, 0.9, 0.97])
    def test_truncated(self, form, kept):
        file_format, mode, options = FORMS[form]
        noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        data = encoded(Image.fromarray(noise).convert(mode), file_format, **options)
        with pytest.raises(ImageDecodeError, match=r"damaged or cut off|not a JPEG"):
            read_image(data[: int(len(data) * kept)])

    @pytest.mark.parametrize("form", ["jpeg", "progressive jpeg", "png", "palette png", "gif"])
    @pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
    def test_a_download_filled_up_with_zeros(self, form, kept):
        file_format, mode, options = FORMS[form]
        noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        data = encoded(Image.fromarray(noise).convert(mode), file_format, **options)
        cut = int(len(data) * kept)
        with pytest.raises(ImageDecodeError, match="damaged or cut off"):
            read_image(data[:cut] + bytes(len(data) - cut))

    @pytest.mark.parametrize(
        "options", [{}, {"progressive": True}, {"restart_marker_blocks": 8}, {"subsampling": 0}]
    )
    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_a_bad_block_inside_a_jpeg(self, mode, options):
        """A broken copy keeps its end marker; decoders that go on show grey or shifted blocks."""
        noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        whole = encoded(Image.fromarray(noise).convert(mode), "JPEG", **options)
        read_image(whole)
        at = whole.index(b"\xff\xda") + len(whole) // 4
        for block in (bytes(400), b""):  # zeroed, left out
            damaged = whole[:at] + block + whole[at + 400 :]
            with pytest.raises(ImageDecodeError, match="damaged or cut off"):
                read_image(damaged)

    def test_spare_bytes_that_cameras_leave_are_no_damage(self):
        data = encoded(scene(), "JPEG", quality=90)
        expected = read_image(data)
        assert np.array_equal(read_image(data[:-2] + b"\x11" * 4 + data[-2:]), expected)
        assert np.array_equal(read_image(data + bytes(500)), expected)
        with pytest.raises(ImageDecodeError, match="extraneous"):
            read_image(data[:-2] + b"\x11" * 200 + data[-2:])

    def test_png_with_much_metadata_is_whole(self):
        info = PngInfo()
        info.add_text("Comment", "x" * (3 << 20), zip=True)
        limit = PngImagePlugin.MAX_TEXT_CHUNK
        assert np.array_equal(read_image(encoded(scene(), "PNG", pnginfo=info)), scene())
        assert limit == PngImagePlugin.MAX_TEXT_CHUNK

    def test_empty(self, tmp_path):
        (tmp_path / "empty.jpg").touch()
        for source in (b"", tmp_path / "empty.jpg", io.BytesIO()):
            with pytest.raises(ImageDecodeError, match=r"empty \(0 bytes\)"):
                read_image(source)

    @pytest.mark.parametrize(
        "data",
        [
            b"hello, I am a text\n" * 9,
            b"%PDF-1.7\n" + bytes(99),
            b"\0" * 500,
            b"<svg xmlns=''/>",
            b"x",
        ],
    )
    def test_not_a_picture(self, data):
        with pytest.raises(ImageDecodeError, match="not a JPEG, PNG, WebP, BMP, GIF, TIFF or PPM"):
            read_image(data)

    def test_formats_outside_the_list_are_not_read(self):
        for file_format in ("ICO", "TGA", "PDF", "EPS"):
            with pytest.raises(ImageDecodeError, match="not a JPEG"):
                read_image(encoded(scene(), file_format))

    @pytest.mark.parametrize(
        ("brands", "name"),
        [
            (b"heic", "HEIC/HEIF"),
            (b"mif1", "HEIC/HEIF"),
            (b"zzzz\0\0\0\0heicmif1", "HEIC/HEIF"),
        ],
    )
    def test_heic_and_avif_say_what_to_do(self, brands, name):
        box = (brands + bytes(4))[: max(8, len(brands))]
        data = struct.pack(">I", 8 + len(box)) + b"ftyp" + box + bytes(200)
        with pytest.raises(ImageDecodeError, match=f"{name} .*convert it to JPEG"):
            read_image(data)

    def test_avif_is_read_where_pillow_has_it_and_refused_by_name_elsewhere(self, monkeypatch):
        pytest.importorskip("PIL._avif")
        exif = Image.Exif()
        exif[0x0112] = 6
        data = encoded(scene(), "AVIF", quality=100, subsampling="4:4:4")
        assert abs(read_image(data).astype(int) - scene()).max() <= 3
        turned = read_image(encoded(scene(), "AVIF", quality=100, exif=exif))
        assert turned.shape == (*scene().shape[1::-1], 3)
        with pytest.raises(ImageDecodeError, match="damaged or cut off"):
            read_image(data[: len(data) // 2])
        monkeypatch.setattr("mien.store.images._reads_avif", lambda: False)
        with pytest.raises(ImageDecodeError, match=r"AVIF .*convert it to JPEG"):
            read_image(data)

    def test_a_video_is_not_taken_for_heic(self):
        data = struct.pack(">I", 24) + b"ftypisom\0\0\0\0isommp41" + bytes(200)
        with pytest.raises(ImageDecodeError, match="not a JPEG"):
            read_image(data)

    @given(st.binary(max_size=300), st.sampled_from(sorted(FORMS)), st.integers(0, 10_000))
    def test_any_bytes_give_a_picture_or_our_error(self, junk, form, at):
        file_format, mode, options = FORMS[form]
        data = bytearray(
            encoded(Image.fromarray(scene(20, 30)).convert(mode), file_format, **options)
        )
        at %= len(data)
        data[at : at + len(junk)] = junk
        for candidate in (bytes(data), junk):
            try:
                got = read_image(candidate, max_pixels=1_000_000)
            except ImageDecodeError:
                continue
            assert got.ndim == 3
            assert got.dtype == np.uint8
