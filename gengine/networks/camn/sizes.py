"""Sizes of the two CaMNs: what a checkpoint's config says under ``shape``, and a training's config may change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from gengine.core.bounds import number
from gengine.errors import FormatError, brief

Modality = Literal["audio", "text", "speaker", "emotion", "face"]
MODALITIES: tuple[Modality, ...] = ("audio", "text", "speaker", "emotion", "face")
Head = Literal["flow", "regression", "adversary"]


LARGEST_SIZE, MOST_BLOCKS = 65_536, 64
"""Channels or rows, and blocks or layers, that a checkpoint's network may have (judgement): the bundled one has 256
and 6, the published one 4,096 and 4."""


def checked_sizes(shape: Any) -> dict[str, Any]:
    """The sizes of a checkpoint's config, if a network of them can be made at all; else a ``FormatError``."""
    if not isinstance(shape, dict):
        raise FormatError(f"shape: {brief(shape)}, expected sizes by name")
    for name, value in shape.items():
        if isinstance(value, str):
            continue
        most = MOST_BLOCKS if name.endswith(("blocks", "layers")) else LARGEST_SIZE
        if isinstance(value, list | tuple) and len(value) > MOST_BLOCKS:
            raise FormatError(f"shape {name}: {len(value)} sizes, at most {MOST_BLOCKS} are read")
        for size in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(size, str):
                number(size, f"shape {name}", 0, most)
    return shape


@dataclass(frozen=True)
class CamnShape:
    """Sizes of gengine's CaMN; all but the first three are a judgement (see the card of camn-synthetic-v2)."""

    body_axes: int
    """Coordinates of the body's pose space."""
    hand_axes: int
    """Coordinates of the hands'."""
    cues: int
    """Classes of the lexicon's cues."""
    head: Head = "flow"
    """"flow" draws poses by flow matching, "regression" is the published Huber regression, "adversary" regression
    from noise against a discriminator."""
    width: int = 256
    """Channels of the body's decoder."""
    blocks: int = 6
    """Blocks of the body's decoder."""
    hand_width: int = 160
    """Channels of the hands' decoder."""
    hand_blocks: int = 4
    """Blocks of the hands' decoder."""
    patch: int = 2
    """Frames that the decoders treat as one: it halves their work and costs nothing that 15 fps can show."""
    finest: int = 32
    """Steps shorter than 1/finest count as the flow itself, longer ones are learned from shorter ones (0: the decoders
    are not told how long a step is)."""
    condition: int = 192
    """Channels of the conditions."""
    dropout: float = 0.1
    """Share of channels that the encoders lose while they learn."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's config."""
        return asdict(self)


@dataclass(frozen=True)
class PublishedShape:
    """Sizes of the published CaMN; the defaults are the published ones (Liu et al. 2022, section 4)."""

    words: int = 4096
    """Rows of the word table (row 0: no word)."""
    modalities: tuple[Modality, ...] = MODALITIES
    """What the network may know: one that is left out is not there at all, as in the paper's ablations."""
    word_width: int = 300
    """Numbers of a word's vector: fastText's."""
    speakers: int = 30
    """Speakers of BEAT."""
    emotions: int = 8
    """Emotions of BEAT."""
    label_width: int = 8
    """Numbers of a speaker's and of an emotion's vector."""
    sound: tuple[int, ...] = (32, 32, 32, 64, 64, 128)
    """Channels of the sound encoder's blocks."""
    text: tuple[int, ...] = (256, 256, 256, 256)
    """Channels of the text encoder's levels."""
    text_out: int = 128
    """Numbers of the text at a frame."""
    emotion: tuple[int, ...] = (8, 16, 16, 8)
    """Channels of the emotion encoder."""
    face: tuple[int, ...] = (16, 16, 16, 32)
    """Channels of the face encoder."""
    hidden: int = 256
    """Channels of each direction of the LSTMs."""
    layers: int = 4
    """Layers of the LSTMs."""
    dropout: float = 0.3
    """Share of what text encoder and LSTMs lose while they learn."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> PublishedShape:
        """From a checkpoint's JSON; ``TypeError`` for a size that does not exist."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        shape = cls(**plain)
        return replace(shape, modalities=tuple(m for m in MODALITIES if m in shape.modalities))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's config."""
        return asdict(self)
