"""Explain: what in a face an answer rests on.

Importing this package loads no torch, so that bundles are explained without it. What needs a
network is in ``mien.explain.network`` and ``mien.explain.gradients``; figures need matplotlib.
"""

from mien.explain.bundle import bundle_model
from mien.explain.crops import face_crops
from mien.explain.explained import Explained, explain_layers, explain_picture, explain_rows
from mien.explain.figures import draw_classes, draw_explanation, write_png
from mien.explain.interface import Explainable, probabilities
from mien.explain.methods import METHODS, Method, explain, relative
from mien.explain.occlusion import occlusion
from mien.explain.rows import (
    ClassMap,
    ClassMaps,
    Contradiction,
    Mistake,
    average_maps,
    confident_mistakes,
    contradictory_twins,
)
from mien.explain.sheets import NOTICE, draw_layers, draw_mistakes, draw_twins

__all__ = [
    "METHODS",
    "NOTICE",
    "ClassMap",
    "ClassMaps",
    "Contradiction",
    "Explainable",
    "Explained",
    "Method",
    "Mistake",
    "average_maps",
    "bundle_model",
    "confident_mistakes",
    "contradictory_twins",
    "draw_classes",
    "draw_explanation",
    "draw_layers",
    "draw_mistakes",
    "draw_twins",
    "explain",
    "explain_layers",
    "explain_picture",
    "explain_rows",
    "face_crops",
    "occlusion",
    "probabilities",
    "relative",
    "write_png",
]
