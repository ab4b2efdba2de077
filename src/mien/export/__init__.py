"""Export: networks become bundles, bundles become ensembles."""

from mien.export.bundle import ExportReport, export_bundle, network_logits
from mien.export.ensemble import LEARNED, EnsembleReport, make_ensemble
from mien.export.graph import to_onnx
from mien.export.merge import merge_graphs
from mien.export.requantise import requantise

__all__ = [
    "LEARNED",
    "EnsembleReport",
    "ExportReport",
    "export_bundle",
    "make_ensemble",
    "merge_graphs",
    "network_logits",
    "requantise",
    "to_onnx",
]
