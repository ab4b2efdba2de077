"""Export: networks become bundles."""

from mien.export.bundle import ExportReport, export_bundle, network_logits
from mien.export.graph import to_int8, to_onnx

__all__ = ["ExportReport", "export_bundle", "network_logits", "to_int8", "to_onnx"]
