"""``card.json``: everything that must be known of a model, checked when read.

A sha256 in the card shows that the files belong together and arrived whole. It does not show
who made them: whoever can change a file can change the card.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NoReturn

from mien.core.alignment import BOX_SCALE, CROP, TEMPLATE
from mien.core.crop import SAMPLES
from mien.core.errors import BundleError, MienError
from mien.core.labels import LabelSpace
from mien.store.training import Training

SCHEMA = "mien.bundle/1"
OUTPUTS = ("logits", "features", "activation", "votes")
Raw = dict[str, Any]
"""An object of JSON: not checked yet, or kept as another program wrote it."""

FILES = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
"""File name of each precision."""
FLIP = "flip"
"""Name of two views: a crop and its mirror image."""


@dataclass(frozen=True)
class Calibration:
    """How the logits of one file become an answer.

    Args:
        temperature: Logits are divided by it (Guo et al., ICML 2017).
        threshold: Top probability below which an answer is uncertain.
        risk: Error rate among certain answers that the threshold was set for.
    """

    temperature: float
    threshold: float
    risk: float


@dataclass(frozen=True)
class Averaged:
    """How the answers to several views of a face become one.

    Args:
        calibration: The temperature divides the log of the mean probability (``core.scores``).
        metrics: Figures of the averaged answers.
    """

    calibration: Calibration
    metrics: tuple[Raw, ...] = ()


@dataclass(frozen=True)
class ModelFile:
    """One ONNX file of a bundle.

    Args:
        sha256: Of the file.
        calibration: For one view of a face.
        metrics: Figures of one view.
        views: Per name of several views (``flip``), what holds for their mean.
    """

    sha256: str
    calibration: Calibration
    metrics: tuple[Raw, ...] = ()
    views: dict[str, Averaged] = field(default_factory=dict[str, Averaged])


@dataclass(frozen=True)
class Geometry:
    """The crop inside the graph.

    Args:
        frame: Side of the grey crop, pixels.
        input_size: Side of its central part that the network sees.
        samples: Samples per pixel of the crop and axis.
        template: Left eye, right eye, mouth centre in the crop, pixel centres at integers.
        box_scale: Side of the crop over the mean side of a box, where there are no landmarks.
    """

    frame: int
    input_size: int
    samples: int
    template: tuple[tuple[float, float], ...]
    box_scale: float

    @classmethod
    def of_export(cls, input_size: int) -> Geometry:
        """What an export writes for a network that is given ``input_size`` pixels."""
        points = tuple((float(x), float(y)) for x, y in TEMPLATE)
        return cls(CROP, input_size, SAMPLES, points, BOX_SCALE)


@dataclass(frozen=True)
class Card:
    """Everything that must be known of a model.

    Args:
        name: Name of the model.
        labels: Label space of ``logits``.
        outputs: Outputs of the graph, in order.
        geometry: The crop inside the graph.
        files: Per precision, its file.
        parameters: Parameters of the network.
        macs: Multiply-accumulates per face, crop not counted.
        training: What is recorded of the training.
        licence: Licence of the weights.
        intended_use: What the model is for.
        out_of_scope: What it must not be used for.
        notes: What a user must know about data and limits.
    """

    name: str
    labels: LabelSpace
    outputs: tuple[str, ...]
    geometry: Geometry
    files: dict[str, ModelFile]
    parameters: int
    macs: int
    training: Training = field(default_factory=Training)
    licence: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    notes: tuple[str, ...] = ()

    @property
    def figures(self) -> dict[str, Raw]:
        """Per precision, the figures of the rows that its file was calibrated on."""
        return {precision: file.metrics[0] for precision, file in self.files.items()}

    def to_json(self) -> str:
        """The text of ``card.json``.

        Raises:
            BundleError: If metrics or training hold what JSON cannot say, such as NaN.
        """
        content: Raw = {"schema": SCHEMA, **dataclasses.asdict(self)}
        content["training"] = self.training.record
        for precision, file in self.files.items():
            if not file.views:
                del content["files"][precision]["views"]
        try:
            return json.dumps(content, indent=1, allow_nan=False) + "\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise BundleError(
                f"the card of {self.name} holds what JSON cannot say ({error}); "
                "give finite numbers, text, lists and dicts, and None for an undefined figure"
            ) from error


def parse_card(text: str | bytes) -> Card:
    """Read and check the text of ``card.json``.

    Raises:
        BundleError: If it is no card, of a newer schema, or holds an impossible value.
    """
    try:
        raw = json.loads(
            text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"card.json is not JSON ({error}); fetch or export the bundle again"
        ) from error
    if not isinstance(raw, dict):
        raise BundleError("card.json must be an object; export the bundle again")
    schema = raw.pop("schema", None)  # type: ignore[reportUnknownMemberType]
    if schema != SCHEMA:
        raise BundleError(
            f"card.json has schema {schema!r}, this version of mien reads {SCHEMA!r}; "
            "update mien, or export the bundle again"
        )
    try:
        return _card(raw)  # type: ignore[reportUnknownArgumentType]
    except MienError as error:
        raise BundleError(f"card.json: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BundleError(
            f"card.json lacks or garbles a field ({error!r}); export the bundle again"
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> Raw:
    """An object whose fields are named once: of two, readers would disagree which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{name!r} is named twice in one object")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is too large for a number")
    return value


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python's reader takes and JSON does not have."""
    raise ValueError(f"{name} is no number of JSON")


def _card(raw: Raw) -> Card:
    known = {f.name for f in dataclasses.fields(Card)}
    if unknown := sorted(set(raw) - known):
        raise BundleError(f"unknown field {', '.join(unknown)}; was it written by another program?")
    labels = LabelSpace(
        raw["labels"]["name"], tuple(map(_text, raw["labels"]["labels"])), raw["labels"]["note"]
    )
    outputs = tuple(raw["outputs"])
    if (
        outputs[:1] != ("logits",)
        or not set(outputs) <= set(OUTPUTS)
        or len(set(outputs)) < len(outputs)
    ):
        raise BundleError(
            f"outputs must begin with logits and be among {OUTPUTS}, each once, got {outputs}"
        )
    files = {name: _file(name, entry) for name, entry in raw["files"].items()}
    if "fp32" not in files:
        raise BundleError("a bundle must have an fp32 file")
    return Card(
        name=_text(raw["name"]),
        labels=labels,
        outputs=outputs,
        geometry=_geometry(raw["geometry"]),
        files=files,
        parameters=_whole(raw["parameters"]),
        macs=_whole(raw["macs"]),
        training=Training(dict(raw["training"])),
        licence=_text(raw["licence"]),
        intended_use=_text(raw["intended_use"]),
        out_of_scope=_text(raw["out_of_scope"]),
        notes=tuple(map(_text, raw["notes"])),
    )


def _file(name: str, raw: Raw) -> ModelFile:
    if name not in FILES:
        raise BundleError(f"unknown precision {name!r}; known: {', '.join(FILES)}")
    sha256 = _text(raw["sha256"])
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise BundleError(f"sha256 of {name} must be 64 hexadecimal digits")
    views = {
        key: Averaged(*_figures(f"{name}, {key}", entry))
        for key, entry in raw.get("views", {}).items()
    }
    return ModelFile(sha256, *_figures(name, raw), views)


def _figures(name: str, raw: Raw) -> tuple[Calibration, tuple[Raw, ...]]:
    given = raw["calibration"]
    calibration = Calibration(
        _number(given["temperature"]), _number(given["threshold"]), _number(given["risk"])
    )
    possible = 0 <= calibration.threshold <= 1 and 0 <= calibration.risk <= 1
    if not calibration.temperature > 0 or not possible:
        raise BundleError(f"impossible calibration of {name}: {calibration}")
    return calibration, tuple(dict(entry) for entry in raw["metrics"])


def _geometry(raw: Raw) -> Geometry:
    template = tuple((_number(x), _number(y)) for x, y in raw["template"])
    if len(template) != 3:
        raise BundleError(f"template must have three points, got {len(template)}")
    geometry = Geometry(
        _whole(raw["frame"]),
        _whole(raw["input_size"]),
        _whole(raw["samples"]),
        template,
        _number(raw["box_scale"]),
    )
    (ax, ay), (bx, by), (cx, cy) = template
    if not abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) > 1:
        raise BundleError(f"template must be a triangle of frame pixels, got {template}")
    if min(geometry.frame, geometry.input_size, geometry.samples) < 1 or not geometry.box_scale > 0:
        raise BundleError(
            "frame, input_size, samples and box_scale must be above 0, got "
            f"{geometry.frame}, {geometry.input_size}, {geometry.samples}, {geometry.box_scale:g}"
        )
    return geometry


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BundleError(f"expected text, got {value!r}")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BundleError(f"expected a whole number, got {value!r}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BundleError(f"expected a finite number, got {value!r}")
    return float(value)
