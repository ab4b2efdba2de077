"""Which pictures of a video damage has reached.

A decoder conceals: it fills what it cannot read from its neighbours, and what is built on that is
smeared without a word. So every picture is traced to its packet, and from a damaged packet on, all
are doubtful until the next clean key frame. What counts as damage is an error, a packet or picture
that is marked as corrupt, an error that FFmpeg only logs (a missing reference), and a packet that
should have given a picture and did not.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]

_ONE_EACH = frozenset(("h264", "hevc", "mpeg1video", "mpeg2video"))
"""Codecs whose every packet gives a picture; others have packets that say "as before"."""

_BUILT = _ONE_EACH | {"mpeg4", "vc1", "wmv3"}
"""Codecs that decode what builds on a key frame also where there was none."""

# Arithmetic coding leaves no pattern; these decoders take any bytes without complaint.
_UNCHECKED = frozenset(("vp8", "vp9", "av1", "libdav1d"))
_ERASED = re.compile(rb"\0{64}|\xff{64}")
_ERASED_NAL = re.compile(rb"\0{8,}[^\0\1]")  # in these, three zeros only begin the next unit

_BEGINS = "it begins in the middle: frames that these build on are not there"

_REORDERED = 16  # pictures that a decoder keeps back at most, to give them in order
_PATIENCE = 64  # packets after which one that gave no picture is forgotten; decoders keep 16
_RESTART_S = 0.2  # a clock that goes back by more, in decoding order, has begun again


@dataclass(eq=False)
class Sent:
    """A packet that the decoder was given.

    Args:
        number: Its place in decoding order; a gap before a packet lies half a step before it.
        pts: When its picture is shown, in ticks; None where the file does not say.
        epoch: How often the clock of the file had begun again.
        harm: What is wrong with it; empty where nothing is.
        given_up: Whether pictures that are shown after its own have come.
        refreshes: Whether the file says that one can begin here; not, where it says so of all.
    """

    number: float
    pts: int | None
    epoch: int
    harm: str = ""
    given_up: bool = False
    refreshes: bool = False

    def is_mended_by(self, key: Sent) -> bool:
        """Whether its damage ends at a clean key frame."""
        return self.number < key.number or self.shown_before(key)

    def shown_before(self, other: Sent) -> bool:
        """Whether it is known to be shown before ``other``."""
        if self.pts is None or other.pts is None:
            return False
        return (self.epoch, self.pts) < (other.epoch, other.pts)


@dataclass
class Decoded:
    """A picture, in order of presentation, and what happened just before it.

    Args:
        picture: The picture; None at the end of the video.
        pts: When it is shown, in ticks of the stream; None where the file does not say.
        lost: Packets that are shown before it and gave no picture.
        doubtful: Whether damage has reached it.
        harm: The damage of the packets before or in it, as far as it was not reported yet.
        alarm: Whether there is damage near, so that frames may be missing before it.
    """

    picture: VideoFrame | None
    pts: int | None = None
    lost: list[Sent] = field(default_factory=list[Sent])
    doubtful: bool = False
    harm: str = ""
    alarm: bool = False

    @property
    def is_hurt(self) -> bool:
        """Whether there is damage before it or in it."""
        return bool(self.harm or self.lost or self.doubtful)


@dataclass
class _Answer:
    """A picture that came, before it is judged."""

    picture: VideoFrame
    sent: Sent
    lost: list[Sent]


class Ledger:
    """Which packets were sent, which came back as pictures, and what damage is not mended yet."""

    def __init__(self, stream: VideoStream) -> None:
        self._codec = stream.codec_context.name
        self._second = 1 / float(stream.time_base or 1)  # in ticks
        self._restart = _RESTART_S * self._second
        self._steps: deque[int] = deque(maxlen=24)
        self._is_broadcast = stream.container.format.name in {"mpegts", "mpeg"}
        rate = stream.guessed_rate or stream.average_rate or 25
        self._usual = self._second / float(rate)  # from frame to frame
        # An AVI says when packets are decoded; pictures that are shown in another order take the
        # times in turn.
        reordered = "avi" in stream.container.format.name and stream.codec_context.has_b_frames
        self._slots: deque[int] | None = deque() if reordered else None
        self._lag, self._lag_holds = 0, False
        self._waiting: list[Sent] = []
        self._answered: deque[_Answer] = deque()
        self._harms: list[Sent] = []
        self._unreported: list[Sent] = []
        self._count = self._epoch = 0
        self._dts: int | None = None
        self._last = Sent(-1, None, 0)
        self._passed = -1.0
        self._first_key: Sent | None = None
        self._shown = False
        self._hurt = self._was_key = False
        self._refresh: Sent | None = None

    def send(self, packet: VideoPacket, trouble: str, after: list[VideoPacket]) -> Sent:
        """Note a packet that the decoder will be given, and the problem of reading it."""
        if not packet.size:  # flushes the decoder, or says "as before"
            if trouble:
                self.blame(Sent(self._count - 0.5, None, self._epoch), trouble)
            return self._last
        hole = self._timed(packet)
        sent = Sent(self._count, None if self._slots is not None else packet.pts, self._epoch)
        if self._slots is not None and packet.dts is not None:
            self._slots.append(packet.dts)
        packet.opaque = sent
        self._count += 1
        if trouble or hole:
            self.blame(Sent(sent.number - 0.5, None, self._epoch), trouble or hole)
        if packet.is_corrupt and not self._is_joint(packet, after):
            self.blame(sent, "a part of the file is missing or marked as damaged")
        elif self._is_erased(bytes(packet)):
            self.blame(sent, "a part of the file was overwritten with one value")
        if packet.is_keyframe and self._first_key is None:
            self._first_key = sent
        sent.refreshes = packet.is_keyframe and not self._was_key
        self._was_key = packet.is_keyframe
        hidden = self._codec == "vp8" and not bytes(packet)[0] >> 4 & 1
        if not (packet.is_discard or hidden):
            self._waiting.append(sent)
        self._last = sent
        return sent

    def _is_erased(self, coded: bytes) -> bool:
        """Whether a part of a packet holds one value, as unreadable sectors of a disk do."""
        if self._codec in _UNCHECKED:
            return _ERASED.search(coded.rstrip(b"\0")) is not None
        if self._codec not in {"h264", "hevc"}:
            return False
        padded = coded.startswith((b"\0\0\1", b"\0\0\0\1"))  # zeros may follow a unit there
        return (not padded and coded.endswith(bytes(8))) or bool(_ERASED_NAL.search(coded))

    def _timed(self, packet: VideoPacket) -> str:
        """Follow the clock; that frames are missing, where a broadcast stream had a constant rate.

        Such streams have no index, and a packet that is lost as a whole leaves nothing else.
        """
        if packet.dts is None:
            return ""
        step = None if self._dts is None else packet.dts - self._dts
        self._dts = packet.dts
        if step is None:
            return ""
        if step < -self._restart:
            self._epoch += 1
            self._steps.clear()
            return ""
        steps = self._steps
        regular = len(steps) == steps.maxlen and max(steps) - min(steps) < 0.1 * self._usual
        if self._is_broadcast and regular and 1.5 * max(steps) < step < 10 * self._second:
            return "frames are missing"
        steps.append(step)
        return ""

    def _is_joint(self, packet: VideoPacket, after: list[VideoPacket]) -> bool:
        """Whether another recording was appended after a packet, which breaks a stream's count.

        FFmpeg marks the last packet or the one before it as corrupt, as where packets are lost.
        Where only the count breaks, a key frame follows without a hole.
        """
        for last, first in pairwise((packet, *after)):
            if first.is_keyframe and last.dts is not None and first.dts is not None:
                step = first.dts - last.dts
                return step < -self._restart or 0 < step <= 1.5 * (last.duration or self._usual)
        return False

    def blame(self, sent: Sent, harm: str) -> None:
        """Note damage to a packet, or before it."""
        if not sent.harm:
            sent.harm = harm
            self._harms.append(sent)
            self._unreported.append(sent)

    def answer(self, picture: VideoFrame) -> None:
        """Note a picture; one that comes when later ones were shown is left out."""
        sent = picture.opaque if isinstance(picture.opaque, Sent) else self._last
        if sent.given_up:
            return
        if sent in self._waiting:
            self._waiting.remove(sent)
        else:  # a second picture of one packet, or of one that flushed the decoder
            sent = Sent(sent.number, None, self._epoch)
        sent.pts = picture.pts if picture.pts is not None else picture.dts
        if self._slots is not None:
            self._place_in_turn(sent, picture)
        if picture.is_corrupt:
            self.blame(sent, "the decoder could not read a frame whole")
        begins = self._first_key is not None and self._first_key.number <= sent.number
        if not (self._shown or begins or picture.key_frame) and self._codec in _BUILT:
            self.blame(Sent(-0.5, None, 0), _BEGINS)
        lost = self._lost(sent, interlaced=picture.interlaced_frame)
        self._shown = True
        self._passed = max(self._passed, sent.number)
        self._answered.append(_Answer(picture, sent, lost))

    def _place_in_turn(self, sent: Sent, picture: VideoFrame) -> None:
        """The time of a picture where packets say only when they are decoded."""
        if self._slots and not self._harms and not self._lag_holds:
            sent.pts = self._slots.popleft()
            self._lag = (picture.dts or sent.pts) - sent.pts
            return
        self._lag_holds = True  # pictures are missing: the next in turn is not the next time
        sent.pts = None if picture.dts is None else picture.dts - self._lag

    def judged(self, *, ended: bool = False) -> Iterator[Decoded]:
        """The pictures about which all is known, in order of presentation.

        A picture may build on one that is shown after it, whose damage is known only then.
        """
        while self._answered:
            sent = self._answered[0].sent
            unknown = any(
                each.number < sent.number and sent.shown_before(each) for each in self._waiting
            )
            if unknown and not ended and len(self._answered) <= _REORDERED:
                return
            yield self._judge(self._answered.popleft())

    def _judge(self, answer: _Answer) -> Decoded:
        sent = answer.sent
        alarm = bool(self._harms)
        clean = self._is_clean_start(answer.picture, sent)
        harm = self._reported(sent, clean=clean)
        if clean:
            self._harms = [each for each in self._harms if not each.is_mended_by(sent)]
        reached = any(each.number <= sent.number for each in self._harms)
        # What was decoded before the damage and is shown after it began belongs to the stretch.
        self._hurt = bool(self._harms) and (self._hurt or reached or bool(answer.lost))
        return Decoded(answer.picture, sent.pts, answer.lost, self._hurt, harm, alarm)

    def end(self) -> Decoded:
        """What never came out."""
        last = Sent(self._count, None, self._epoch)
        lost = self._lost(None, interlaced=False)
        return Decoded(None, None, lost, doubtful=True, harm=self._reported(last, clean=True))

    def _lost(self, sent: Sent | None, *, interlaced: bool) -> list[Sent]:
        """Packets shown before ``sent`` that gave no picture, though they should have."""
        lost: list[Sent] = []
        for each in sorted(self._waiting, key=lambda each: (each.epoch, each.pts or 0)):
            if sent is not None and not each.shown_before(sent):
                continue
            if sent is None and each.pts is None and each.number < self._passed:
                continue  # in its place other pictures have come
            if not each.harm and not self._harms:
                if self._may_be_silent(each, interlaced=interlaced):
                    continue
                first = self._first_key
                early = not self._shown and (first is None or each.number < first.number)
                self.blame(each, _BEGINS if early else "a frame cannot be decoded")
            each.given_up = True
            lost.append(each)
        oldest = self._count - _PATIENCE
        self._waiting = [e for e in self._waiting if not e.given_up and e.number > oldest]
        return lost

    def _may_be_silent(self, sent: Sent, *, interlaced: bool) -> bool:
        """Whether a packet without a picture is nothing odd."""
        if self._codec not in _ONE_EACH or interlaced:  # two packets may be one frame's fields
            return True
        first = self._first_key
        return first is not None and sent.number > first.number and sent.shown_before(first)

    def _is_clean_start(self, picture: VideoFrame, sent: Sent) -> bool:
        """Whether nothing before a picture can reach it or what is shown after it."""
        if sent.harm:
            return False
        if picture.key_frame:
            return True
        if not (sent.refreshes and self._harms):
            return False
        # Intra refresh: the picture is renewed bit by bit from here to the next such point.
        begun, self._refresh = self._refresh, sent
        return begun is not None and all(each.number < begun.number for each in self._harms)

    def _reported(self, sent: Sent, *, clean: bool) -> str:
        """The damage that begins at ``sent`` or before it, or that it ends, once."""
        now = [
            each
            for each in self._unreported
            if each.number <= sent.number or (clean and each.is_mended_by(sent))
        ]
        self._unreported = [each for each in self._unreported if each not in now]
        return now[0].harm if now else ""
