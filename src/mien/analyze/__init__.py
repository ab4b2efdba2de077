"""Analysing pictures: inputs, the run over them, and where the rows go."""

from mien.analyze.interface import ImageRecognizer, ReadingView, Sink
from mien.analyze.run import Summary, analyze
from mien.analyze.sinks import CsvSink, JsonLinesSink, OverlaySink, rows_to
from mien.analyze.sources import Item, find_items

__all__ = [
    "CsvSink",
    "ImageRecognizer",
    "Item",
    "JsonLinesSink",
    "OverlaySink",
    "ReadingView",
    "Sink",
    "Summary",
    "analyze",
    "find_items",
    "rows_to",
]
