"""Which precision ``auto`` is: bf16 where the hardware computes in it, fp32 elsewhere."""

from __future__ import annotations

from pathlib import Path

import torch

AUTO, BF16, FP32 = "auto", "bf16-mixed", "32-true"
PRECISIONS = (AUTO, BF16, FP32)

_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}
"""Without these a CPU computes bf16 by way of fp32, several times slower than fp32 itself."""


def precision_used(asked: str, accelerator: str, flags: frozenset[str] | None = None) -> str:
    """``bf16-mixed`` or ``32-true``: what was asked for, or what ``auto`` stands for here.

    Args:
        asked: ``auto``, ``bf16-mixed`` or ``32-true``.
        accelerator: ``cpu`` or ``cuda``.
        flags: Instructions of the CPU; None = those of this machine.
    """
    if asked != AUTO:
        return asked
    if accelerator == "cuda":
        return BF16 if torch.cuda.is_bf16_supported(including_emulation=False) else FP32
    return BF16 if _INSTRUCTIONS & (cpu_flags() if flags is None else flags) else FP32


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPU's instruction sets as Linux names them; none where it does not say."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line.partition(":") for line in text.splitlines())
    return frozenset(
        flag
        for name, _, value in lines
        if name.strip() in ("flags", "Features")
        for flag in value.split()
    )
