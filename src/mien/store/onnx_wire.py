"""Look into an ONNX file without the onnx package: what it would load or run beside itself.

An ONNX file is a protocol-buffer message (fields numbered as in onnx.proto). Only lengths and
field numbers are followed; weights are skipped, so a scan costs microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mien.core.errors import BundleError

# (message, field number) -> message of that field. Field numbers: onnx.proto (IR version 10).
_CHILDREN: dict[tuple[str, int], str] = {
    ("model", 7): "graph",
    ("model", 8): "opset",
    ("model", 20): "training",
    ("model", 25): "function",
    ("training", 1): "graph",
    ("training", 2): "graph",
    ("graph", 1): "node",
    ("graph", 5): "tensor",
    ("graph", 15): "sparse",
    ("sparse", 1): "tensor",
    ("sparse", 2): "tensor",
    ("node", 5): "attribute",
    ("attribute", 5): "tensor",
    ("attribute", 6): "graph",
    ("attribute", 10): "tensor",
    ("attribute", 11): "graph",
    ("attribute", 22): "sparse",
    ("attribute", 23): "sparse",
    ("function", 7): "node",
    ("function", 9): "opset",
    ("function", 11): "attribute",
}
_STANDARD_DOMAINS = {"", "ai.onnx"}
_DEPTH = 32  # nested graphs of real models stay below ten; deeper is a malicious file
# Parsers keep 32 bits of a key or refuse it; a longer one would be another field to them than here.
_KEYS = 1 << 32


@dataclass
class OnnxSummary:
    """What a scan found.

    Args:
        opset: Version of the standard operator set, 0 if none is named.
        domains: Operator domains besides the standard one.
        external: Whether a tensor's data lie in another file.
        functions: Names of functions the file brings along.
    """

    opset: int = 0
    domains: set[str] = field(default_factory=set[str])
    external: bool = False
    functions: int = 0


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where the next field begins.

    Raises:
        BundleError: If it is cut off.
    """
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise BundleError("the ONNX file is cut off or damaged; export it again")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and content of each field of one message, in order.

    Raises:
        BundleError: If the message is cut off or damaged.
    """
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if key >= _KEYS or number == 0:
            raise BundleError("the ONNX file is damaged (impossible field); export it again")
        if kind == 0:
            value, at = varint(data, at)
            yield number, value
            continue
        if kind == 2:
            length, at = varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise BundleError("the ONNX file is damaged (unknown wire type); export it again")
        if at + length > len(data):
            raise BundleError("the ONNX file is cut off; export it again")
        yield number, data[at : at + length]
        at += length


def scan(data: bytes) -> OnnxSummary:
    """Find operator sets, foreign domains and external data in the bytes of an ONNX file.

    Raises:
        BundleError: If the bytes are no complete ONNX file.
    """
    found = OnnxSummary()
    if not data:
        raise BundleError("the ONNX file is empty; export it again")
    _walk("model", memoryview(data), found, 0)
    if not found.opset:
        raise BundleError("the file is no ONNX model (it names no operator set); export it again")
    return found


def text(value: int | memoryview) -> str:
    """A string field; the empty string where it is absent (0)."""
    return "" if isinstance(value, int) else bytes(value).decode("utf-8", "replace")


def _walk(message: str, data: memoryview, found: OnnxSummary, depth: int) -> None:
    if depth > _DEPTH:
        raise BundleError("the ONNX file nests graphs too deeply to be a model")
    if message == "opset":
        _note_opset(dict(fields(data)), found)
        return
    for number, value in fields(data):
        if (message, number) == ("node", 7):
            _note_domain(text(value), found)
        elif (message, number) == ("tensor", 13) or ((message, number) == ("tensor", 14) and value):
            found.external = True
        child = _CHILDREN.get((message, number))
        if child is not None and not isinstance(value, int):
            found.functions += child == "function"
            _walk(child, value, found, depth + 1)


def _note_opset(fields: dict[int, int | memoryview], found: OnnxSummary) -> None:
    domain, version = text(fields.get(1, 0)), fields.get(2, 0)
    _note_domain(domain, found)
    if domain in _STANDARD_DOMAINS and isinstance(version, int):
        found.opset = max(found.opset, version)


def _note_domain(domain: str, found: OnnxSummary) -> None:
    if domain not in _STANDARD_DOMAINS:
        found.domains.add(domain)
