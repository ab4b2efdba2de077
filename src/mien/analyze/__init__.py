"""Analysing pictures and videos: inputs, the run over them, and where the rows go."""

from mien.analyze.interface import FrameReader, FrameView, ImageRecognizer, ReadingView, Sink
from mien.analyze.run import Part, Summary, analyze
from mien.analyze.sinks import CsvSink, JsonLinesSink, OverlaySink, rows_to
from mien.analyze.sources import Item, find_items

__all__ = [
    "CsvSink",
    "FrameReader",
    "FrameView",
    "ImageRecognizer",
    "Item",
    "JsonLinesSink",
    "OverlaySink",
    "Part",
    "ReadingView",
    "Sink",
    "Summary",
    "analyze",
    "find_items",
    "rows_to",
]
