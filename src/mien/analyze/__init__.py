"""Analysing pictures and videos: inputs, the run over them, and where the rows go."""

from mien.analyze.run import Part, Summary, analyze
from mien.analyze.sinks import CsvSink, JsonLinesSink, OverlaySink, Sink, rows_to
from mien.analyze.sources import Item, find_items
from mien.analyze.summary import SummarySink
from mien.analyze.tables import read_rows, table

__all__ = [
    "CsvSink",
    "Item",
    "JsonLinesSink",
    "OverlaySink",
    "Part",
    "Sink",
    "Summary",
    "SummarySink",
    "analyze",
    "find_items",
    "read_rows",
    "rows_to",
    "table",
]
