"""Export: networks become bundles."""

from mien.export.bundle import ExportReport, export_bundle, largest_difference
from mien.export.graph import to_int8, to_onnx

__all__ = ["ExportReport", "export_bundle", "largest_difference", "to_int8", "to_onnx"]
