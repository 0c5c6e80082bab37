"""The strip under the preview: sound, emotion and words of the seconds around the playhead."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gengine.core.emotion import EMOTIONS
from gengine.core.performance import Performance

Float = NDArray[np.float32]

COLORS: dict[str, tuple[int, int, int]] = {
    "neutral": (128, 134, 144), "happiness": (246, 196, 72), "anger": (228, 84, 72), "sadness": (88, 132, 208),
    "contempt": (150, 116, 166), "surprise": (98, 206, 208), "fear": (142, 110, 214), "disgust": (122, 168, 78),
    "amused": (250, 166, 92), "proud": (214, 152, 58), "bored": (126, 132, 118), "tired": (110, 118, 146),
    "anxious": (178, 140, 226), "confused": (96, 180, 164), "tender": (240, 150, 176), "sarcastic": (196, 118, 148),
    "pained": (186, 72, 92), "determined": (208, 112, 64),
}  # fmt: skip
"""A colour for each emotion, RGB."""

_CHUNK = 1 << 18
BEHIND, AHEAD = 4.0, 2.0
"""Seconds of the recording shown before and after the playhead."""
SOUND = np.array([150, 160, 174], np.float32)
PLAYED = np.array([224, 229, 236], np.float32)
PLAYHEAD = np.array([255, 255, 255], np.float32)


@lru_cache(maxsize=256)
def text(words: str, size: int) -> Float:
    """Anti-aliased letters as cover ``(H, W)`` 0..1, in Pillow's own font."""
    font = ImageFont.load_default(size)
    left, _, right, _ = font.getbbox(words)
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (size, size // 4)
    image = Image.new("L", (max(1, int(np.ceil(right - min(left, 0)))), ascent + descent), 0)
    ImageDraw.Draw(image).text((-min(left, 0), 0), words, font=font, fill=255)
    return np.asarray(image, np.float32) / 255.0


def stamp(image: Float, cover: Float, x: int, y: int, color: NDArray | tuple, strength: float = 1.0) -> None:
    """Blend a mask of letters into ``image (H, W, 3)`` at x, y; what lies outside is cut."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + cover.shape[1], width), min(y + cover.shape[0], height)
    if x1 <= x0 or y1 <= y0:
        return
    share = cover[y0 - y : y1 - y, x0 - x : x1 - x, None] * np.float32(strength)
    under = image[y0:y1, x0:x1]
    under += share * (np.asarray(color, np.float32) - under)


class TimelineStrip:
    """Remembers the last seconds of what it hears and draws them; memory does not grow with the recording."""

    def __init__(self, width: int, height: int, background: Float) -> None:
        self.width, self.height = width, height
        self.background = background.astype(np.float32)
        self.rate = width / (BEHIND + AHEAD)
        """Columns per second."""
        self.now = round(width * BEHIND / (BEHIND + AHEAD))
        """The playhead's column."""
        self._words: list[tuple[float, float, str, int]] = []
        """Start, end, text and row of every word not yet forgotten, in order of start."""
        self._first = 0
        self._peaks = np.zeros(0, np.float32)
        self._weights = np.zeros((0, len(EMOTIONS)), np.float32)
        self._end: float | None = None
        self.begin = 0.0

    def push(self, stretch: Performance) -> None:
        """Take in the next stretch; one already heard is ignored."""
        if self._end is None:
            self.begin = stretch.start
            self._first = int(np.floor(stretch.start * self.rate))
        elif stretch.start < self._end - 1e-6:
            return
        self._end = stretch.start + stretch.duration
        last = int(np.floor(self._end * self.rate + 1e-6)) + 1
        self._grow(last)
        self._listen(stretch.audio.samples, round(stretch.start * stretch.audio.rate), stretch.audio.rate)
        if len(stretch.emotion):
            at = np.arange(max(0, round(stretch.start * self.rate) - self._first), len(self._peaks))
            time = (at + self._first + 0.5) / self.rate - stretch.start
            frame = np.clip(np.floor(time * stretch.emotion.fps).astype(int), 0, len(stretch.emotion) - 1)
            self._weights[at] = stretch.emotion.weights[frame]
        for word in stretch.words.words:
            self._place(word.text, word.start, word.end)

    def _listen(self, samples: Float, offset: int, rate: int) -> None:
        """The loudest sample of every column; ``offset`` is the first sample's place in the recording."""
        for begin in range(0, len(samples), _CHUNK):
            block = np.abs(samples[begin : begin + _CHUNK])
            place = offset + begin
            first = int(place * self.rate / rate + 1e-9)
            columns = np.arange(first, int((place + len(block) - 1) * self.rate / rate + 1e-9) + 1)
            edges = np.ceil((columns[1:] - 1e-9) * (rate / self.rate)).astype(np.int64) - place
            peaks = np.maximum.reduceat(block, np.concatenate([[0], edges]))
            at = slice(first - self._first, first - self._first + len(columns))
            self._peaks[at] = np.maximum(self._peaks[at], peaks[: len(self._peaks[at])])

    def _grow(self, last: int) -> None:
        more = max(0, last - self._first - len(self._peaks))
        self._peaks = np.concatenate([self._peaks, np.zeros(more, np.float32)])
        self._weights = np.concatenate([self._weights, np.zeros((more, len(EMOTIONS)), np.float32)])

    def _place(self, word: str, start: float, end: float) -> None:
        """Give a word the upper row unless it would run into the word before it there."""
        if not word.strip() or (self._words and start <= self._words[-1][0]):
            return  # nothing to show, or a word that two stretches share
        row = 0
        for begin, _, other, taken in reversed(self._words):
            if taken == 0:
                row = int(begin * self.rate + text(other, self._size).shape[1] + 4 > start * self.rate)
                break
        self._words.append((start, end, word, row))

    @property
    def _size(self) -> int:
        return max(9, round(self.height * 0.142))

    def forget(self, time: float) -> None:
        """Drop what left the window before ``time`` (s)."""
        drop = int((time - BEHIND - 1.0) * self.rate) - self._first
        if drop > self.width:
            self._first += drop
            self._peaks, self._weights = self._peaks[drop:], self._weights[drop:]
            self._words = self._words[bisect_left(self._words, (time - BEHIND - 3.0,)) :]

    def draw(self, time: float) -> Float:
        """The strip at ``time`` (s), ``(H, W, 3)`` float 0..255."""
        self.forget(time)
        image = self.background.copy()
        left = round(time * self.rate) - self.now
        columns = np.arange(left, left + self.width) - self._first
        known = (columns >= 0) & (columns < len(self._peaks))
        at = np.where(known, columns, 0) if len(self._peaks) else np.zeros(self.width, int)
        h = self.height
        wave, band = slice(round(0.05 * h), round(0.40 * h)), slice(round(0.44 * h), round(0.60 * h))
        words = round(0.63 * h)
        if len(self._peaks):
            self._wave(image[wave], np.where(known, self._peaks[at], 0.0))
            self._bands(image[band], np.where(known[:, None], self._weights[at], 0.0))
        for start, end, word, row in self._words[bisect_left(self._words, (time - BEHIND - 2.0,)) :]:
            x = round(start * self.rate) - left
            if x >= self.width:
                break
            letters, y = text(word, self._size), words + round(row * 0.165 * h)
            current = start <= time < end
            stamp(image, letters, x, y, PLAYED, 1.0 if current else 0.78 if end <= time else 0.42)
            if current:
                image[y - 2 : y, max(x, 0) : max(x + letters.shape[1], 0)] = COLORS["happiness"]
        image[round(0.03 * h) : round(0.60 * h), self.now] += (
            PLAYHEAD - image[round(0.03 * h) : round(0.60 * h), self.now]
        ) * 0.85
        return image

    def _wave(self, image: Float, peaks: Float) -> None:
        height = image.shape[0]
        size = np.maximum(np.sqrt(np.clip(peaks, 0, 1)) * (height / 2 - 0.5), 0.5)
        off = np.abs(np.arange(height) - (height - 1) / 2)[:, None]
        cover = np.clip(size - off + 0.5, 0, 1)[..., None]
        color = np.where((np.arange(self.width) <= self.now)[:, None], PLAYED, SOUND * 0.62)
        image += cover * (color - image) * 0.9

    def _bands(self, image: Float, weights: Float) -> None:
        """Emotions stacked by strength; the strongest of each spell is named."""
        height = image.shape[0]
        shown = weights.copy()
        shown[:, 0] = 0.0  # neutral is the empty band
        shown /= np.maximum(shown.sum(1, keepdims=True), 1.0)
        image += 10.0
        base = np.zeros(self.width, np.float32)
        row = (height - np.arange(height) - 0.5)[:, None]
        for i in np.flatnonzero(shown.max(0) > 0.01):
            top = base + shown[:, i] * height
            cover = np.clip(top - row + 0.5, 0, 1) - np.clip(base - row + 0.5, 0, 1)
            image += cover[..., None] * (np.array(COLORS[EMOTIONS[i]], np.float32) - image)
            base = top
        strongest = np.where(shown.max(1) > 0.08, shown.argmax(1), 0)
        edges = np.flatnonzero(np.diff(strongest)) + 1
        for a, b in zip([0, *edges], [*edges, self.width], strict=True):
            if not strongest[a]:
                continue
            label = text(EMOTIONS[strongest[a]], max(8, round(height * 0.8)))
            if b - a > label.shape[1] + 8:  # named where its band is thickest
                size = shown[a:b, strongest[a]]
                peak = a + float(np.mean(np.flatnonzero(size > 0.98 * size.max())))
                x = round(np.clip(peak - label.shape[1] / 2, a + 4, b - label.shape[1] - 4))
                bright = size[x - a : x - a + label.shape[1]].mean() > 0.5
                stamp(image, label, x, (height - label.shape[0]) // 2, (18, 19, 22) if bright else (240, 242, 245))
