"""ONNX Runtime, opened one way everywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mien.core.errors import BundleError, DeviceError, InputError
from mien.store.saturation import saturates

if TYPE_CHECKING:
    import onnxruntime

DEVICES = ("cpu", "cuda")
_FEW_THREADS = 4  # allowed on any machine, so that a script for a larger one runs
_ERRORS_ONLY = 3  # onnxruntime's severity scale


def load_onnxruntime() -> ModuleType:
    """Import ONNX Runtime without its telemetry.

    Since 1.31 it writes an identifier and a data base of events into the user's cache folder when
    it is imported, for its maker, unless ``ORT_DISABLE_TELEMETRY`` is set before (decision 0009).
    A program that has imported it already, or has set the variable, has decided for itself.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def open_session(
    model: bytes,
    *,
    threads: int | None = None,
    device: str = "cpu",
    memory_pattern: bool = True,
) -> onnxruntime.InferenceSession:
    """Load a model from its bytes.

    Args:
        model: The ONNX file.
        threads: CPU threads of one call; None = one per physical core.
        device: ``cpu`` or ``cuda``.
        memory_pattern: Whether to plan memory per input shape; costs memory where shapes vary.

    Raises:
        InputError: If ``threads`` is below 1 or above the cores, or the device has another name.
        DeviceError: If CUDA is asked for and cannot be used.
        BundleError: If ONNX Runtime refuses the model.
    """
    onnxruntime = load_onnxruntime()
    if device not in DEVICES:
        raise InputError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")
    if threads is not None and threads < 1:
        raise InputError(f"threads must be 1 or more, got {threads}")
    if threads is not None and threads > max(_FEW_THREADS, os.cpu_count() or 1):
        raise InputError(
            f"threads must be {max(_FEW_THREADS, os.cpu_count() or 1)} or fewer here, best one "
            f"per core ({os.cpu_count()}), got {threads}: "
            "more only wait for one another"
        )
    provider = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}[device]
    if provider not in onnxruntime.get_available_providers():
        raise DeviceError(
            "this onnxruntime has no CUDA; use --device cpu, or install onnxruntime-gpu "
            "in place of onnxruntime"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = memory_pattern
    options.log_severity_level = _ERRORS_ONLY
    if saturates(model):  # exact sums, wherever this runs; no slower where it was measured
        options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session = onnxruntime.InferenceSession(model, options, providers=[provider])
    except Exception as error:
        raise BundleError(f"ONNX Runtime refuses the model: {error}") from error
    if provider not in session.get_providers():
        raise DeviceError(
            "CUDA was asked for, but ONNX Runtime fell back to the CPU; "
            "check the driver and the CUDA libraries, or use --device cpu"
        )
    return session


def run(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str],
    inputs: Mapping[str, NDArray[Any]],
) -> list[Any]:
    """Call a session; raises ``InputError`` if it refuses the inputs."""
    try:
        return list(session.run(list(outputs), inputs))
    except Exception as error:
        shapes = {name: value.shape for name, value in inputs.items()}
        raise InputError(f"the model failed on inputs of shape {shapes}: {error}") from error
