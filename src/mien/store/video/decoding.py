"""Packets of a video into pictures, with what FFmpeg says about them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from mien.store.video.ledger import Decoded, Ledger

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from mien.store.video.ledger import VideoPacket

T = TypeVar("T")

# What FFmpeg logs as errors though no picture suffers.
_HARMLESS = re.compile(r"SEI|mmco: unref|co located|user data|Timecode|last message")

_RETRIES = 64  # failed reads in a row after which the rest of a file is given up

_log_lock = Lock()


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[Decoded]:
    """The pictures of a stream as they are shown, and at last one without a picture."""
    context = stream.codec_context
    context.thread_count = 1  # threads of frames report an error with a later packet
    context.copy_opaque = True
    if context.name == "hevc":  # it conceals without a word otherwise; its rows in parallel tell
        context.thread_type, context.thread_count = "SLICE", 2
        context.options = {"err_detect": "explode"}
    ledger = Ledger(stream)
    for packet, trouble, after in _with_next(_packets(container, stream)):
        sent = ledger.send(packet, trouble, after)
        pictures, problem = _heard(packet.decode, context.name)
        if problem:
            ledger.blame(sent, problem)
        for picture in pictures or ():
            ledger.answer(picture)
            yield from ledger.judged()
    yield from ledger.judged(ended=True)
    yield ledger.end()


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[tuple[VideoPacket, str]]:
    """Packets, each with what went wrong while the file was read since the one before."""
    name = container.format.name
    reader = container.demux(stream)
    failed, trouble = 0, ""
    while True:
        packet, problem = _heard(partial(next, reader, None), name)
        trouble = trouble or problem
        if packet is not None:
            failed = 0
            yield packet, trouble
            trouble = ""
            continue
        failed += 1
        if not problem or failed > _RETRIES:
            return
        reader = container.demux(stream)  # one that raised gives nothing more


def _with_next(
    read: Iterator[tuple[VideoPacket, str]],
) -> Iterator[tuple[VideoPacket, str, list[VideoPacket]]]:
    """Each packet with the two that follow it."""
    coming: deque[tuple[VideoPacket, str]] = deque()
    for item in read:
        coming.append(item)
        if len(coming) > 2:
            packet, trouble = coming.popleft()
            yield packet, trouble, [each[0] for each in coming]
    while coming:
        packet, trouble = coming.popleft()
        yield packet, trouble, [each[0] for each in coming]


def _heard(call: Callable[[], T], name: str) -> tuple[T | None, str]:
    """What a call into FFmpeg gives, and what it complains about, as ``name`` or by raising."""
    import av.logging as log
    from av.error import FFmpegError

    found, problem = None, ""
    with _log_lock:  # the level is one for the process
        level, repeated = log.get_level(), log.get_skip_repeated()
        log.set_level(log.ERROR)
        log.set_skip_repeated(False)
        try:
            with log.Capture(local=False) as lines:
                try:
                    found = call()
                except FFmpegError as error:
                    problem = error.strerror or "FFmpeg cannot read it"
        finally:
            log.set_level(level)
            log.set_skip_repeated(repeated)
    for _, speaker, line in lines:
        if not problem and speaker == name and not _HARMLESS.search(line):
            problem = line.strip().rstrip(".")
    return found, problem
