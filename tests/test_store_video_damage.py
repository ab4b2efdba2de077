"""Videos: damage is reported from when to when, and reading goes on after it.

| kind                                              | what is checked                           |
|---------------------------------------------------|-------------------------------------------|
| a packet that cannot be decoded, by codec and     | one stretch over it; the frames after the |
| container, with and without B-frames              | next key frame are read, in their places  |
| a packet that the decoder conceals                | no smeared frame passes for clean         |
| lost packets of a transport stream                | the same                                  |
| a part of a Matroska file that reads as nothing   | the same                                  |
| a file that ends early, by container              | a stretch to the end                      |
| a stream that begins between key frames           | a stretch from 0                          |

The intact files are those of test_store_video_times.py: nothing is reported about them. What no
checksum guards (one flipped bit in VP8, VP9 or Motion-JPEG) decodes to another picture, and nobody
can tell.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from made_videos import moving_frames, overwritten, packets, video, with_packet, zeroed
from mien.core.errors import VideoDecodeError
from mien.store.video import Damage, Frame, read_frames

COUNT = 48
FRAMES = moving_frames(COUNT)

CODED: dict[str, dict[str, str]] = {
    "h264": {"codec": "libx264", "g": "12"},
    "h264 matroska": {"codec": "libx264", "container": "matroska", "g": "12"},
    "h264 flv": {"codec": "libx264", "container": "flv", "g": "12"},
    "h264 open": {"codec": "libx264", "x264-params": "open-gop=1:keyint=12:bframes=2"},
    "hevc": {"codec": "libx265", "x265-params": "keyint=12:min-keyint=12"},
    "mpeg4": {"codec": "mpeg4", "g": "12"},
    "mpeg4 avi": {"codec": "mpeg4", "container": "avi", "g": "12"},
    "mpeg2": {"codec": "mpeg2video", "container": "matroska", "g": "12", "bf": "2"},
    "vp8": {"codec": "libvpx", "container": "webm", "g": "12", "b": "1M", "deadline": "realtime"},
    "vp9": {
        "codec": "libvpx-vp9", "container": "webm", "g": "12", "b": "1M", "deadline": "realtime",
    },
    "mjpeg": {"codec": "mjpeg", "container": "avi"},
}  # fmt: skip
_made: dict[str, bytes] = {}


def made(name: str) -> bytes:
    if name not in _made:
        _made[name] = video(FRAMES, **CODED[name])  # pyright: ignore[reportArgumentType]
    return _made[name]


def read(folder: Path, data: bytes) -> tuple[list[Frame], list[Damage]]:
    path = folder / "clip.bin"
    path.write_bytes(data)
    damage: list[Damage] = []
    return list(read_frames(path, on_damage=damage.append)), damage


def check(folder: Path, whole: bytes, bad: bytes, stretches: int | None = 1) -> list[Damage]:
    """No smeared frame passes for clean, none is elsewhere, and the stretches cover the rest."""
    truth, none = read(folder, whole)
    assert none == []
    frames, damage = read(folder, bad)
    assert len(damage) == (stretches or len(damage)) > 0, damage
    clean = [frame for frame in frames if not frame.doubtful]
    for frame in clean:
        true = truth[frame.index]
        assert frame.time_s == pytest.approx(true.time_s, abs=1e-3)
        assert abs(frame.image.astype(int) - true.image).mean() < 1
    # Clean frames and stretches together are the whole video.
    missing = {each.index for each in truth} - {each.index for each in clean}
    for index in missing:
        at = truth[index].time_s
        assert any(each.start_s - 1e-3 <= at < each.end_s - 1e-3 for each in damage), index
    return damage


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("at", [14, 24])
def test_a_packet_that_is_lost_ends_nothing(tmp_path: Path, name: str, at: int) -> None:
    bad = with_packet(made(name), at, overwritten)
    (damage,) = check(tmp_path, made(name), bad)
    assert damage.end_s <= 1.5
    assert damage.end_s - damage.start_s <= 0.6


@pytest.mark.parametrize("name", [name for name in CODED if name not in {"vp8", "vp9", "mjpeg"}])
@pytest.mark.parametrize("at", [14, 24])
def test_what_a_decoder_conceals_is_reported(tmp_path: Path, name: str, at: int) -> None:
    check(tmp_path, made(name), with_packet(made(name), at, zeroed))


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_lost_packets_of_a_transport_stream(tmp_path: Path, codec: str) -> None:
    whole = video(FRAMES, container="mpegts", codec=codec, g="12", **(
        {"x265-params": "keyint=12:min-keyint=12"} if codec == "libx265" else {}
    ))  # fmt: skip
    with av.open(io.BytesIO(whole)) as file:
        places = [packet.pos or 0 for packet in file.demux(video=0) if packet.size]
    lost = places[20] // 188 * 188
    check(tmp_path, whole, whole[:lost] + whole[lost + 188 :])
    check(tmp_path, whole, whole[:lost] + bytes(376) + whole[lost + 376 :])


def test_a_part_of_a_matroska_file_that_reads_as_nothing(tmp_path: Path) -> None:
    whole = made("h264 matroska")
    coded = packets(whole)
    start, end = (whole.index(coded[at]) for at in (15, 19))
    check(tmp_path, whole, whole[:start] + bytes(end - start) + whole[end:])


@pytest.mark.parametrize("name", ["h264", "h264 matroska", "h264 flv", "mjpeg", "vp8", "mpeg4 avi"])
@pytest.mark.parametrize("inside", [True, False], ids=["in a frame", "between frames"])
def test_a_file_that_ends_early(tmp_path: Path, name: str, *, inside: bool) -> None:
    whole = made(name)
    if name == "h264":  # its index must stand before the frames
        whole = video(
            FRAMES, codec="libx264", g="12", muxing={"movflags": "frag_keyframe+empty_moov"}
        )
    coded = packets(whole)[40]
    at = whole.index(coded) + (len(coded) // 2 if inside else 0)
    if name == "h264 flv" and not inside:
        return  # an FLV that ends with a whole tag is whole
    # Between frames, one that is shown after a missing one may still be there.
    *_, damage = check(tmp_path, whole, whole[:at], None)
    assert damage.end_s == np.inf
    assert "to its end" in str(damage)


def test_a_stream_that_begins_between_key_frames(tmp_path: Path) -> None:
    whole = video(FRAMES, container="mpegts", codec="libx264", g="12", bf="0")
    with av.open(io.BytesIO(whole)) as file:
        places = [packet.pos or 0 for packet in file.demux(video=0) if packet.size]
    frames, (damage,) = read(tmp_path, whole[: 188 * 3] + whole[places[5] // 188 * 188 :])
    assert damage.start_s == 0
    assert "begins in the middle" in damage.reason
    clean = [frame for frame in frames if not frame.doubtful]
    assert clean[0].time_s == pytest.approx(damage.end_s) == pytest.approx(7 / 25)
    assert clean[0].index == 7


def test_damage_that_nobody_takes_is_raised_after_the_last_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(with_packet(made("mjpeg"), 20, overwritten))
    found: list[int] = []

    def take() -> None:
        for frame in read_frames(path):
            found.append(frame.index)  # one by one: ``extend`` keeps nothing where this ends

    with pytest.raises(VideoDecodeError, match=r"damaged or cut off from 0\.800 s to 0\.840 s"):
        take()
    assert found == [at for at in range(COUNT) if at != 20]


def test_damage_outside_the_part_that_is_read_is_not_reported(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(with_packet(made("mjpeg"), 20, overwritten))
    assert [frame.index for frame in read_frames(path, end_s=0.8)] == list(range(20))
    assert [frame.index for frame in read_frames(path, start_s=0.84)] == list(range(21, COUNT))
    damage: list[Damage] = []
    order: list[object] = []
    for frame in read_frames(path, start_s=0.7, end_s=1, on_damage=damage.append):
        order += [*damage, frame.index]
        damage.clear()
    assert [type(each).__name__ for each in order] == ["int"] * 2 + ["Damage"] + ["int"] * 4


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_never_hangs_or_misplaces(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name in ("h264", "h264 matroska", "mpeg4 avi", "vp8"):
        bad = bytearray(made(name))
        for at in rng.integers(2000, len(bad), 6):
            bad[at : at + 40] = rng.bytes(len(bad[at : at + 40]))
        try:
            frames, _ = read(tmp_path, bytes(bad))
        except VideoDecodeError:
            continue
        times = [frame.time_s for frame in frames]
        assert times == sorted(set(times))
        indices = [frame.index for frame in frames]
        assert indices == sorted(set(indices))


@pytest.mark.parametrize("change", [overwritten, zeroed])
def test_every_packet_of_an_h264_file_in_turn(
    tmp_path: Path, change: Callable[[bytearray], None]
) -> None:
    whole = made("h264")
    for at in range(13, 24, 2):
        check(tmp_path, whole, with_packet(whole, at, change))
