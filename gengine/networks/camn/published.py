"""The published CaMN as torch modules (Liu et al. 2022, "BEAT", section 4), re-derived from its description.

Sound, words, speaker, emotion and face are encoded to one row per pose frame; they are fused one after the other,
and a cascade of two recurrent networks makes the body first and, knowing it, the hands. Import it lazily: it is
torch from the first line on.

Parameters at the published sizes: 14.64 million, and 300 for every row of the word table. The 16 million in print
therefore stand for a vocabulary of about 4,500 words; with subwords (4096 rows) it is 15.87 million.
"""

from __future__ import annotations

import torch
from einops import rearrange, reduce
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from gengine.networks.camn.published_network import BODY, DIMS, FACE_NAMES, HANDS, SAMPLES, SEED_FRAMES, WINDOW
from gengine.networks.camn.sizes import PublishedShape

SLOPE = 0.3
"""Of every LeakyReLU."""
SOUND_KERNEL = 15
SOUND_STRIDES = (5, 6, 1, 6, 1, 6)
SOUND_PADDING = 1732
"""Zeros before and after a window's sound. The strides make one row per 1080 samples, a pose frame lasts 1066.67:
over 34 frames the rows drift by 440 samples. With this padding row k is centred on frame k within 220 samples
(14 ms), late at one end and early at the other."""


class ResidualConv(nn.Module):
    """Two convolutions over time beside a shortcut: ``(B, inside, N)`` → ``(B, outside, N')``."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int = 1, padding: int | None = None) -> None:
        super().__init__()
        same = kernel // 2
        padding = same if padding is None else padding
        self.main = nn.Sequential(
            nn.Conv1d(inside, outside, kernel, stride, padding),
            nn.BatchNorm1d(outside),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(outside, outside, kernel, 1, same),
            nn.BatchNorm1d(outside),
        )
        whole = stride == 1 and inside == outside
        self.shortcut = (
            nn.Identity()
            if whole
            else nn.Sequential(nn.Conv1d(inside, outside, kernel, stride, padding), nn.BatchNorm1d(outside))
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.main(x) + self.shortcut(x), SLOPE)


class SoundEncoder(nn.Module):
    """Waveform ``(B, 36267)`` at 16 kHz → ``(B, 34, channels[-1])``."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        blocks, inside = [], 1
        for i, (outside, stride) in enumerate(zip(channels, SOUND_STRIDES, strict=True)):
            padding = SOUND_PADDING if i == 0 else 0 if stride > 1 else None
            blocks.append(ResidualConv(inside, outside, SOUND_KERNEL, stride, padding))
            inside = outside
        self.blocks = nn.Sequential(*blocks)

    def forward(self, sound: Tensor) -> Tensor:
        return rearrange(self.blocks(sound[:, None]), "b c t -> b t c")


class CausalConv(nn.Module):
    """One level of a temporal convolutional network (Bai et al. 2018): kernel 2, looking back only."""

    def __init__(self, inside: int, outside: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.reach = dilation
        self.first = weight_norm(nn.Conv1d(inside, outside, 2, dilation=dilation))
        self.second = weight_norm(nn.Conv1d(outside, outside, 2, dilation=dilation))
        self.shortcut = nn.Conv1d(inside, outside, 1) if inside != outside else nn.Identity()
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for convolution in (self.first, self.second):
            y = self.drop(functional.relu(convolution(functional.pad(y, (self.reach, 0)))))
        return functional.relu(y + self.shortcut(x))


class TextEncoder(nn.Module):
    """Rows ``(B, T, G)`` of the word at each frame (0: none; several are averaged) → ``(B, T, out)``."""

    def __init__(self, rows: int, width: int, channels: tuple[int, ...], out: int, dropout: float) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(rows, width, mode="mean", padding_idx=0)
        self.drop = nn.Dropout(dropout)
        sizes = (width, *channels)
        self.levels = nn.Sequential(
            *(CausalConv(a, b, 2**i, dropout) for i, (a, b) in enumerate(zip(sizes, channels, strict=False)))
        )
        self.out = nn.Linear(channels[-1], out)

    def forward(self, words: Tensor) -> Tensor:
        x = self.drop(self.table(rearrange(words, "b t g -> (b t) g")))
        levels = self.levels(rearrange(x, "(b t) c -> b c t", b=len(words)))
        return self.out(rearrange(levels, "b c t -> b t c"))


class SpeakerEncoder(nn.Module):
    """Speaker ``(B,)`` → ``(B, 1, width)``."""

    def __init__(self, speakers: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Embedding(speakers, width), nn.Linear(width, width), nn.LeakyReLU(SLOPE))

    def forward(self, speaker: Tensor) -> Tensor:
        return self.layers(speaker)[:, None]


class EmotionLabelEncoder(nn.Module):
    """Emotion id of each frame ``(B, T)`` → ``(B, T, channels[-1])``, smoothed over time."""

    def __init__(self, emotions: int, width: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.labels = nn.Sequential(nn.Embedding(emotions, width), nn.Linear(width, width))
        steps: list[nn.Module] = []
        for inside, outside in zip((width, *channels), channels, strict=False):
            steps += [nn.Conv1d(inside, outside, 9, padding=4), nn.BatchNorm1d(outside), nn.LeakyReLU(SLOPE)]
        self.over_time = nn.Sequential(*steps)

    def forward(self, emotion: Tensor) -> Tensor:
        smooth = self.over_time(rearrange(self.labels(emotion), "b t c -> b c t"))
        return rearrange(smooth, "b c t -> b t c")


class FaceEncoder(nn.Module):
    """Face weights ``(B, T, 51)`` → ``(B, T, channels[-1])``."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        pairs = zip((len(FACE_NAMES), *channels), channels, strict=False)
        self.blocks = nn.Sequential(*(ResidualConv(a, b, 7) for a, b in pairs))

    def forward(self, face: Tensor) -> Tensor:
        return rearrange(self.blocks(rearrange(face, "b t c -> b c t")), "b c t -> b t c")


class Decoder(nn.Module):
    """Bidirectional LSTM, its directions summed, then two linear layers: ``(B, T, inside)`` → ``(B, T, out)``."""

    def __init__(self, inside: int, hidden: int, layers: int, out: int, dropout: float) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.over_time = nn.LSTM(inside, hidden, layers, batch_first=True, bidirectional=True, dropout=between)
        self.out = nn.Sequential(nn.Linear(hidden, hidden // 2), nn.LeakyReLU(SLOPE), nn.Linear(hidden // 2, out))

    def forward(self, x: Tensor) -> Tensor:
        both, _ = self.over_time(x)
        return self.out(_both_ways(both))


class PublishedCamn(nn.Module):
    """The generator.

    ``forward`` takes ``sound (B, 36267)``, ``words (B, 34, G)``, ``speaker (B,)``, ``emotion (B, 34)``,
    ``face (B, 34, 51)`` and ``seed (B, 4, 141)``, the poses of the first four frames, and returns normalised poses
    ``(B, 34, 141)`` of the whole window. Inputs of modalities that the network was built without are ignored.
    """

    def __init__(self, shape: PublishedShape) -> None:
        super().__init__()
        self.shape = shape
        has, s = set(shape.modalities), shape
        width, middle = 0, s.hidden // 2
        if "speaker" in has:
            self.speaker = SpeakerEncoder(s.speakers, s.label_width)
            width += s.label_width
        if "emotion" in has:
            self.emotion = EmotionLabelEncoder(s.emotions, s.label_width, s.emotion)
            width += s.emotion[-1]
        if "text" in has:
            self.text = TextEncoder(s.words, s.word_width, s.text, s.text_out, s.dropout)
            width += s.text_out
        if "audio" in has:
            self.sound = SoundEncoder(s.sound)
            width += s.sound[-1]
            self.fuse_sound = _fusion(width, middle, s.sound[-1])
        if "face" in has:
            self.face = FaceEncoder(s.face)
            width += s.face[-1]
            self.fuse_face = _fusion(width, middle, s.face[-1])
        width += DIMS + 1
        self.body = Decoder(width, s.hidden, s.layers, len(BODY), s.dropout)
        self.hands = Decoder(width + len(BODY), s.hidden, s.layers, len(HANDS), s.dropout)
        self.order: Tensor
        self.register_buffer("order", torch.tensor([*BODY, *HANDS]).argsort(), persistent=False)

    def forward(
        self, sound: Tensor, words: Tensor, speaker: Tensor, emotion: Tensor, face: Tensor, seed: Tensor
    ) -> Tensor:
        has = set(self.shape.modalities)
        known: list[Tensor] = []
        if "speaker" in has:
            known.append(self.speaker(speaker).expand(-1, WINDOW, -1))
        if "emotion" in has:
            known.append(self.emotion(emotion))
        if "text" in has:
            known.append(self.text(words))
        if "audio" in has:
            heard = self.sound(sound)
            known.append(self.fuse_sound(torch.cat([*known, heard], 2)))
        if "face" in has:
            seen = self.face(face)
            known.append(self.fuse_face(torch.cat([*known, seen], 2)))
        flagged = functional.pad(seed, (0, 1), value=1.0)  # one more column says which frames are given
        known.append(functional.pad(flagged, (0, 0, 0, WINDOW - SEED_FRAMES)))
        x = torch.cat(known, 2)
        body = self.body(x)
        hands = self.hands(torch.cat([x, body], 2))
        return torch.cat([body, hands], 2)[..., self.order]


def _both_ways(x: Tensor) -> Tensor:
    """The two directions of an LSTM summed: ``(B, T, 2 H)`` → ``(B, T, H)``."""
    return reduce(x, "b t (ways h) -> b t h", "sum", ways=2)


def _fusion(inside: int, middle: int, out: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inside, middle), nn.LeakyReLU(SLOPE), nn.Linear(middle, out), nn.LeakyReLU(SLOPE)
    )  # fmt: skip


class PublishedDiscriminator(nn.Module):
    """Normalised poses ``(B, 34, 141)`` → logits ``(B,)``: above 0 where they look recorded."""

    def __init__(self, hidden: int = 64, layers: int = 4, dropout: float = 0.3) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for inside, outside in ((DIMS, 16), (16, 8), (8, 8)):
            steps += [nn.Conv1d(inside, outside, 3), nn.BatchNorm1d(outside), nn.LeakyReLU(SLOPE)]
        self.convolutions = nn.Sequential(*steps[:-2])  # the last one feeds the LSTM as it is
        between = dropout if layers > 1 else 0.0
        self.over_time = nn.LSTM(8, hidden, layers, batch_first=True, bidirectional=True, dropout=between)
        self.per_frame = nn.Linear(hidden, 1)
        self.out = nn.Linear(WINDOW - 6, 1)

    def forward(self, poses: Tensor) -> Tensor:
        convolved = self.convolutions(rearrange(poses, "b t d -> b d t"))
        both, _ = self.over_time(rearrange(convolved, "b c t -> b t c"))
        frames = rearrange(self.per_frame(_both_ways(both)), "b t 1 -> b t")
        return rearrange(self.out(frames), "b 1 -> b")


def example_inputs(shape: PublishedShape, batch: int = 1, ids: int = 1) -> dict[str, Tensor]:
    """Inputs of ``PublishedCamn.forward`` that are all zero, for counting, tracing and timing."""
    return {
        "sound": torch.zeros(batch, SAMPLES),
        "words": torch.zeros(batch, WINDOW, ids, dtype=torch.long),
        "speaker": torch.zeros(batch, dtype=torch.long),
        "emotion": torch.zeros(batch, WINDOW, dtype=torch.long),
        "face": torch.zeros(batch, WINDOW, len(FACE_NAMES)),
        "seed": torch.zeros(batch, SEED_FRAMES, DIMS),
    }
