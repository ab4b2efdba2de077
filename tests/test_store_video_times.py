"""Videos: when a frame is shown, and which one it is.

| kind                                             | intact counterpart that stays silent       |
|--------------------------------------------------|--------------------------------------------|
| constant rates, 29.97 and 59.94, every container | themselves                                 |
| variable rate, holes in a constant one           | themselves                                 |
| trims by edit list, AVI null frames, packed or   | themselves: header counts are not believed |
| hidden frames, wrong counts and durations        |                                            |
| a clock that restarts, goes back, stands still   | segments whose clock goes on               |
| a clock that is wrong for one frame              | (as above)                                 |
| open groups of pictures, cut at a key frame      | themselves                                 |
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from made_videos import grey_frames, moving_frames, packets, video
from mien.store.video import Damage, Frame, read_frames

NTSC = Fraction(30000, 1001)


def read(folder: Path, data: bytes, name: str = "clip.bin") -> tuple[list[Frame], list[Damage]]:
    """The frames, and the damage that was reported."""
    path = folder / name
    path.write_bytes(data)
    damage: list[Damage] = []
    return list(read_frames(path, on_damage=damage.append)), damage


def check_silent(folder: Path, data: bytes, times: list[float]) -> list[Frame]:
    """All frames are there, in their places, and nothing is said about them."""
    frames, damage = read(folder, data)
    assert damage == []
    assert not any(frame.note or frame.doubtful for frame in frames)
    assert [frame.index for frame in frames] == list(range(len(times)))
    np.testing.assert_allclose([frame.time_s for frame in frames], times, atol=1e-3)
    return frames


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "libx265"),
        ("matroska", "libx264"),
        ("mpegts", "mpeg2video"),
        ("mpegts", "libx264"),
        ("avi", "mpeg4"),
        ("avi", "libx264"),
        ("flv", "libx264"),
        ("webm", "libvpx"),
        ("ogg", "libvpx"),
        ("asf", "msmpeg4"),
    ],
)
def test_constant_rates(tmp_path: Path, container: str, codec: str) -> None:
    data = video(moving_frames(16, 64), container=container, codec=codec, rate=NTSC)
    check_silent(tmp_path, data, [float(at / NTSC) for at in range(16)])


@pytest.mark.parametrize("rate", [Fraction(25), NTSC * 2, NTSC * 4 / 5], ids=["25", "59.94", "24"])
@pytest.mark.parametrize("container", ["mp4", "mpegts"])
def test_other_rates(tmp_path: Path, container: str, rate: Fraction) -> None:
    data = video(moving_frames(16, 64), container=container, codec="libx264", rate=rate)
    check_silent(tmp_path, data, [float(at / rate) for at in range(16)])


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "libx264"), ("matroska", "libx264"), ("webm", "libvpx"), ("mpegts", "libx264")],
)
def test_a_variable_rate(tmp_path: Path, container: str, codec: str) -> None:
    steps = np.random.default_rng(1).integers(20, 120, 29).cumsum().tolist()
    times = [0, *steps]
    data = video(
        moving_frames(30), container=container, codec=codec, times=times, tick=Fraction(1, 1000)
    )
    check_silent(tmp_path, data, [at / 1000 for at in times])


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4")]
)
def test_a_hole_in_a_constant_rate_is_no_damage(tmp_path: Path, container: str, codec: str) -> None:
    times = [at + 5 * (at > 30) for at in range(40)]
    data = video(moving_frames(40), container=container, codec=codec, times=times)
    check_silent(tmp_path, data, [at / 25 for at in times])


def test_a_trim_by_edit_list(tmp_path: Path) -> None:
    data = bytearray(video(moving_frames(60), codec="libx264", bf="0", g="25"))
    edits, movie, media = (data.index(name) for name in (b"elst", b"mvhd", b"mdhd"))
    per_s = [struct.unpack_from(">I", data, at + 16)[0] for at in (movie, media)]
    (start,) = struct.unpack_from(">i", data, edits + 16)
    struct.pack_into(">Ii", data, edits + 12, per_s[0], start + round(1.2 * per_s[1]))
    frames = check_silent(tmp_path, bytes(data), [at / 25 for at in range(25)])
    truth = moving_frames(60)[30]
    assert abs(frames[0].image.astype(int) - truth).mean() < 20


def with_null_frames(data: bytes) -> bytes:
    """An AVI that repeats every tenth frame by an empty chunk."""
    start = data.index(b"movi") - 4
    end = start + 4 + int.from_bytes(data[start : start + 4], "little")
    at, body, index, count = start + 8, b"movi", b"", 0
    while at < end:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunks = [data[at + 8 : at + 8 + size]] + [b""] * (count % 11 == 9)
        for chunk in chunks:
            index += name + struct.pack("<III", 16 * (count == 0), len(body), len(chunk))
            body += name + struct.pack("<I", len(chunk)) + chunk + b"\0" * (len(chunk) & 1)
            count += 1
        at += 8 + size + (size & 1)
    head = bytearray(data[: start - 4])
    struct.pack_into("<I", head, head.index(b"avih") + 24, count)
    struct.pack_into("<I", head, head.index(b"strh") + 40, count)
    whole = head + b"LIST" + struct.pack("<I", len(body)) + body
    whole += b"idx1" + struct.pack("<I", len(index)) + index
    struct.pack_into("<I", whole, 4, len(whole) - 8)
    return bytes(whole)


def test_null_frames_of_an_avi(tmp_path: Path) -> None:
    data = with_null_frames(video(moving_frames(40), container="avi", bf="0"))
    check_silent(tmp_path, data, [(at + at // 10) / 25 for at in range(40)])


@pytest.mark.parametrize(
    "options",
    [
        {"codec": "libvpx", "container": "webm", "auto-alt-ref": "1", "lag-in-frames": "16"},
        {"codec": "libvpx-vp9", "container": "webm", "auto-alt-ref": "1", "lag-in-frames": "16"},
        {"codec": "mpeg4", "container": "avi", "bf": "2"},
        {"codec": "mpeg4", "container": "matroska", "bf": "2"},
        {"codec": "mpeg2video", "container": "mpegts", "bf": "2", "flags": "+ildct+ilme"},
        {"codec": "libx264", "x264-params": "interlaced=1"},
        {"codec": "libx264", "x264-params": "bframes=8:b-pyramid=normal:ref=6"},
        {"codec": "libx264", "container": "mpegts", "x264-params": "intra-refresh=1:keyint=12"},
        {"codec": "libx265", "x265-params": "keyint=12:open-gop=1"},
        {"codec": "libx264", "muxing": {"movflags": "frag_keyframe+empty_moov"}},
    ],
    ids=[
        "hidden frames of VP8", "hidden frames of VP9", "B-frames in AVI", "B-frames in Matroska",
        "interlaced MPEG-2", "interlaced H.264", "pyramid", "intra refresh", "open groups",
        "fragments",
    ],
)  # fmt: skip
def test_frames_that_are_packed_hidden_or_reordered(tmp_path: Path, options: dict) -> None:
    data = video(moving_frames(36), **options)
    check_silent(tmp_path, data, [at / 25 for at in range(36)])


def test_counts_and_durations_of_headers_are_not_believed(tmp_path: Path) -> None:
    avi = bytearray(video(moving_frames(20), container="avi", codec="mjpeg"))
    struct.pack_into("<I", avi, avi.index(b"avih") + 24, 500)
    struct.pack_into("<I", avi, avi.index(b"strh") + 40, 500)
    check_silent(tmp_path, bytes(avi), [at / 25 for at in range(20)])
    mp4 = bytearray(video(moving_frames(20), codec="libx264"))
    for name, place in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        struct.pack_into(">I", mp4, mp4.index(name) + place, 7)
    frames, damage = read(tmp_path, bytes(mp4))
    assert (len(frames), damage) == (20, [])


@pytest.mark.parametrize(("codec", "options"), [
    ("libx264", {"x264-params": "open-gop=1:keyint=12:bframes=3"}),
    ("libx265", {"x265-params": "open-gop=1:keyint=12:bframes=3"}),
])  # fmt: skip
def test_cut_at_a_key_frame_whose_leading_pictures_need_what_was_cut_off(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    whole = video(moving_frames(36), codec=codec, **options)
    file = io.BytesIO()
    with av.open(io.BytesIO(whole)) as source, av.open(file, "w", format="matroska") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        keys = 0
        for packet in source.demux(video=0):
            keys += packet.is_keyframe
            if packet.size and keys >= 2:
                packet.stream = stream
                out.mux(packet)
    check_silent(tmp_path, file.getvalue(), [at / 25 for at in range(24)])


def joined(first: list[int], second: list[int]) -> bytes:
    """Two transport streams in one file, with these times."""
    parts = [
        video(moving_frames(len(times)), container="mpegts", codec="libx264", times=times, bf="0")
        for times in (first, second)
    ]
    return b"".join(parts)


def test_segments_whose_clock_goes_on_are_one_video(tmp_path: Path) -> None:
    data = joined(list(range(25)), list(range(25, 50)))
    check_silent(tmp_path, data, [at / 25 for at in range(50)])


def test_a_clock_that_restarts_goes_on(tmp_path: Path) -> None:
    frames, damage = read(tmp_path, joined(list(range(25)), list(range(25))))
    assert damage == []
    assert [frame.index for frame in frames] == list(range(50))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(50) / 25, atol=1e-3)
    assert [frame.index for frame in frames if frame.note] == [25]
    assert [frame.index for frame in frames if frame.restarted] == [25]
    assert "goes back by 0.960 s here; times go on from 1.000 s" in frames[25].note


def retimed(change: dict[int, int], count: int = 30) -> bytes:
    """A Motion-JPEG in Matroska whose frames come 40 ms apart, except where ``change`` says."""
    raw = bytearray(remuxed(video(moving_frames(count, 64), container="avi", codec="mjpeg")))
    for at, time in change.items():
        place, base = block(raw, at)
        struct.pack_into(">h", raw, place, time - base)
    return bytes(raw)


def remuxed(data: bytes) -> bytes:
    file = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(file, "w", format="matroska") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return file.getvalue()


def block(data: bytearray, at: int) -> tuple[int, int]:
    """Where the time of a simple block lies, and of its cluster that it is counted from."""
    raw = bytes(data)
    place = raw.index(packets(raw)[at])
    cluster = raw.rindex(b"\x1f\x43\xb6\x75", 0, place) + 4
    begin = cluster + 9 - raw[cluster].bit_length()  # after its length, which tells its own
    begin += 6 * (raw[begin] == 0xBF)  # and its checksum
    return place - 3, int.from_bytes(raw[begin + 2 : begin + 2 + (raw[begin + 1] & 0x7F)], "big")


def test_a_clock_that_stands_still_goes_on(tmp_path: Path) -> None:
    frames, damage = read(tmp_path, retimed(dict.fromkeys(range(10, 30), 400)))
    assert damage == []
    assert [frame.index for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 25, atol=1e-3)
    assert [frame.index for frame in frames if frame.note] == [11]
    assert "stands still" in frames[11].note


@pytest.mark.parametrize("wrong", [0, 320, 360])
def test_a_time_that_is_wrong_for_one_frame_changes_no_other(tmp_path: Path, wrong: int) -> None:
    frames, _ = read(tmp_path, retimed({10: wrong}))
    times = [frame.time_s for frame in frames]
    np.testing.assert_allclose(times, np.arange(30) / 25, atol=1e-3)
    assert [frame.index for frame in frames if frame.note] == [10]


def test_times_rise_whatever_the_file_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        frames, _ = read(
            tmp_path,
            retimed({int(at): int(rng.integers(0, 1200)) for at in rng.integers(1, 30, 9)}),
        )
        times = np.array([frame.time_s for frame in frames])
        assert len(times) == 30
        assert (np.diff(times) > 0).all()


def test_a_grey_ramp_is_not_taken_for_damage(tmp_path: Path) -> None:
    for container, codec in (("webm", "libvpx"), ("webm", "libvpx-vp9"), ("mp4", "libx264")):
        data = video([grey_frames(1, (320, 240))[0]] * 30, container=container, codec=codec)
        check_silent(tmp_path, data, [at / 25 for at in range(30)])
