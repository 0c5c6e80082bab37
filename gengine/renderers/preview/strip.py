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
FORGOTTEN, LONGEST_WORD = 1.0, 2.0
"""Seconds kept before those shown, and how long a word may be and still reach into them."""

# rows of the strip, as shares of its height from above (judgement)
ROWS = {"played": (0.05, 0.40), "unplayed": (0.05, 0.40), "emotion": (0.44, 0.60)}
PLAYHEAD_ROWS, WORDS = (0.03, 0.60), 0.63
WORD_ROW, WORD_SIZE, LABEL_SIZE = 0.165, 0.142, 0.8
"""Height of a row of words and of their letters; of an emotion's name, share of the band."""
MIN_WORD_SIZE, MIN_LABEL_SIZE = 9, 8
"""Pixels of letters that can still be read."""
WORD_GAP, LABEL_MARGIN = 4, 4
"""Pixels between words of one row, and beside an emotion's name."""
SAID, UNSAID = 0.78, 0.42
"""Strength of words that are over and that are still to come, beside the current one's 1."""
PLAYHEAD_COVER, WAVE_COVER, UNPLAYED = 0.85, 0.9, 0.62
"""How opaque playhead and wave are, and the brightness of sound that is still to come."""
BAND_LIGHT = 10
"""By how much the empty band is lighter than the strip, sRGB 0-255."""
FAINTEST, NAMED, WIDEST = 0.01, 0.08, 0.98
"""Emotion weights that are drawn, that are named, and where a spell is widest as a share of its largest weight."""
BRIGHT_BAND = 0.5
"""Weight from which letters on a band are dark."""
DARK_LETTERS, LIGHT_LETTERS = (18, 19, 22), (240, 242, 245)
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
    mix(image[y0:y1, x0:x1], cover[y0 - y : y1 - y, x0 - x : x1 - x] * np.float32(strength), color)


def mix(image: Float, share: NDArray, color: NDArray | tuple) -> None:
    """Blend ``share (H, W)`` of ``color``, ``(3,)`` or ``(W, 3)``, into ``image (H, W, 3)``.

    One colour after the other: loops over three numbers are slow.
    """
    for channel, value in enumerate(np.moveaxis(np.asarray(color, np.float32), -1, 0)):
        under = image[..., channel]
        under += share * (value - under)


class TimelineStrip:
    """Keeps the last seconds of sound, emotion and words and draws them; memory does not grow with the recording.

    What belongs to a column of time is drawn once, when it comes, and moves along with the time.
    ``grey (3,)`` is the strip's colour, sRGB 0-255.
    """

    def __init__(self, width: int, height: int, grey: tuple[int, int, int]) -> None:
        self.width, self.height, self.grey = width, height, grey
        self.rate = width / (BEHIND + AHEAD)
        """Columns per second."""
        self.now = round(width * BEHIND / (BEHIND + AHEAD))
        """The playhead's column."""
        self._empty = np.full((height, width, 3), grey, np.uint8)
        self._rows = {name: slice(*(round(share * height) for share in rows)) for name, rows in ROWS.items()}
        self._empty[self._rows["emotion"]] += BAND_LIGHT
        self._words: list[tuple[float, float, str, int]] = []
        """Start, end, text and row of every word not yet forgotten, in order of start."""
        self._first = 0
        """Number of the first column kept, from the recording's beginning."""
        self._peaks = np.zeros(0, np.float32)
        self._shares = np.zeros((0, len(EMOTIONS)), np.float32)
        """How much of the band each emotion takes in every column kept, 0..1; neutral is the empty band."""
        self._pictures = {name: self._blank(name, 0) for name in ROWS}
        """The columns kept, ``(rows, columns, 3)``: sound that was and that will be, and emotions."""
        self._labels: tuple[bytes, list[tuple[Float, int, tuple[int, int, int]]]] = (b"", [])
        self._end: float | None = None
        self.begin = 0.0

    def push(self, stretch: Performance) -> None:
        """Take in the next stretch; one that has come already is ignored."""
        if self._end is None:
            self.begin = stretch.start
            self._first = int(np.floor(stretch.start * self.rate))
        elif stretch.start < self._end - 1e-6:
            return
        self._end = stretch.start + stretch.duration
        last = int(np.floor(self._end * self.rate + 1e-6)) + 1
        self._grow(last)
        self._take_peaks(stretch.audio.samples, round(stretch.start * stretch.audio.rate), stretch.audio.rate)
        begun = max(0, round(stretch.start * self.rate) - self._first)
        if len(stretch.emotion):
            at = np.arange(begun, len(self._peaks))
            time = (at + self._first + 0.5) / self.rate - stretch.start
            frame = np.clip(np.floor(time * stretch.emotion.fps).astype(int), 0, len(stretch.emotion) - 1)
            shown = stretch.emotion.weights[frame].astype(np.float32)
            shown[:, 0] = 0.0
            self._shares[at] = shown / np.maximum(shown.sum(1, keepdims=True), 1.0)
        self._paint(slice(max(begun - 1, 0), None))
        for word in stretch.words.words:
            self._place(word.text, word.start, word.end)

    def _take_peaks(self, samples: Float, offset: int, rate: int) -> None:
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
        self._shares = np.concatenate([self._shares, np.zeros((more, len(EMOTIONS)), np.float32)])
        for name, picture in self._pictures.items():
            self._pictures[name] = np.concatenate([picture, self._blank(name, more)], axis=1)

    def _blank(self, name: str, columns: int) -> NDArray[np.uint8]:
        rows = self._rows[name]
        return np.full((rows.stop - rows.start, columns, 3), self.grey, np.uint8)

    def _place(self, word: str, start: float, end: float) -> None:
        """Give a word the upper row unless it would run into the word before it there."""
        if not word.strip() or (self._words and start <= self._words[-1][0]):
            return  # nothing to show, or a word that two stretches share
        row = 0
        for begin, _, other, taken in reversed(self._words):
            if taken == 0:
                row = int(begin * self.rate + text(other, self._size).shape[1] + WORD_GAP > start * self.rate)
                break
        self._words.append((start, end, word, row))

    @property
    def _size(self) -> int:
        return max(MIN_WORD_SIZE, round(self.height * WORD_SIZE))

    def forget(self, time: float) -> None:
        """Drop what left the window before ``time`` (s)."""
        drop = int((time - BEHIND - FORGOTTEN) * self.rate) - self._first
        if drop > self.width:
            self._first += drop
            self._peaks, self._shares = self._peaks[drop:], self._shares[drop:]
            self._pictures = {name: picture[:, drop:] for name, picture in self._pictures.items()}
            self._words = self._words[bisect_left(self._words, (time - BEHIND - FORGOTTEN - LONGEST_WORD,)) :]

    def _paint(self, columns: slice) -> None:
        """Draw the ``columns`` kept anew."""
        peaks, shares = self._peaks[columns], self._shares[columns]
        for name, color in (("played", PLAYED), ("unplayed", SOUND * np.float32(UNPLAYED))):
            image = self._blank(name, len(peaks)).astype(np.float32)
            half = len(image) / 2
            size = np.maximum(np.sqrt(np.clip(peaks, 0, 1)) * (half - 0.5), 0.5)
            off = np.abs(np.arange(len(image)) - (half - 0.5)).astype(np.float32)[:, None]
            mix(image, np.clip(size - off + 0.5, 0, 1) * WAVE_COVER, color)
            self._pictures[name][:, columns] = image
        image = self._blank("emotion", len(peaks)) + np.float32(BAND_LIGHT)
        height, base = len(image), np.zeros(len(shares), np.float32)
        row = (height - np.arange(height) - 0.5).astype(np.float32)[:, None]
        for i in np.flatnonzero(shares.max(0, initial=0.0) > FAINTEST):
            top = base + shares[:, i] * height
            mix(image, np.clip(top - row + 0.5, 0, 1) - np.clip(base - row + 0.5, 0, 1), COLORS[EMOTIONS[i]])
            base = top
        self._pictures["emotion"][:, columns] = image

    def draw(self, time: float) -> NDArray[np.uint8]:
        """The strip at ``time`` (s), ``(H, W, 3)`` sRGB 0-255."""
        self.forget(time)
        image = self._empty.copy()
        left = round(time * self.rate) - self.now
        kept = left - self._first  # the first column shown, among those kept
        known = slice(min(max(-kept, 0), self.width), min(max(len(self._peaks) - kept, 0), self.width))
        for name, split in (("played", slice(0, self.now + 1)), ("unplayed", slice(self.now + 1, self.width))):
            shown = slice(max(known.start, split.start), min(known.stop, split.stop))
            self._copy(image, name, shown, kept)
        self._copy(image, "emotion", known, kept)
        self._name_emotions(image[self._rows["emotion"]], known, kept)
        words = round(WORDS * self.height)
        for start, end, word, row in self._words[bisect_left(self._words, (time - BEHIND - LONGEST_WORD,)) :]:
            x = round(start * self.rate) - left
            if x >= self.width:
                break
            current = start <= time < end
            letters = _letters(word, self._size, self.grey, 1.0 if current else SAID if end <= time else UNSAID)
            y, begin = words + round(row * WORD_ROW * self.height), max(x, 0)
            under = image[y : y + letters.shape[0], begin : max(x + letters.shape[1], 0)]
            np.maximum(under, letters[: under.shape[0], begin - x : begin - x + under.shape[1]], out=under)
            if current:
                image[y - 2 : y, begin : max(x + letters.shape[1], 0)] = COLORS["happiness"]
        line = image[slice(*(round(share * self.height) for share in PLAYHEAD_ROWS)), self.now]
        line[:] = line + (PLAYHEAD - line) * PLAYHEAD_COVER
        return image

    def _copy(self, image: NDArray[np.uint8], name: str, shown: slice, kept: int) -> None:
        if shown.stop > shown.start:
            image[self._rows[name], shown] = self._pictures[name][:, shown.start + kept : shown.stop + kept]

    def _name_emotions(self, band: NDArray[np.uint8], known: slice, kept: int) -> None:
        """Write the strongest emotion of each spell on the ``band (h, W, 3)``."""
        shares = self._shares[known.start + kept : known.stop + kept]
        key = known.start.to_bytes(4, "little") + shares.tobytes()
        if self._labels[0] != key:
            self._labels = (key, [(label, x + known.start, color) for label, x, color in _labels(shares, len(band))])
        for label, x, color in self._labels[1]:
            place = band[(len(band) - len(label)) // 2 :][: len(label), x : x + label.shape[1]]
            letters = place.astype(np.float32)
            mix(letters, label[: len(place)], color)
            place[:] = letters


def _labels(shown: Float, height: int) -> list[tuple[Float, int, tuple[int, int, int]]]:
    """Names of the strongest of ``shown (W, E)`` in each spell with room for it, where its band is thickest: cover,
    column and colour."""
    found = []
    if not len(shown):
        return found
    strongest = np.where(shown.max(1) > NAMED, shown.argmax(1), 0)
    edges = np.flatnonzero(np.diff(strongest)) + 1
    for a, b in zip([0, *edges], [*edges, len(shown)], strict=True):
        if not strongest[a]:
            continue
        label = text(EMOTIONS[strongest[a]], max(MIN_LABEL_SIZE, round(height * LABEL_SIZE)))
        if b - a > label.shape[1] + 2 * LABEL_MARGIN:
            size = shown[a:b, strongest[a]]
            peak = a + float(np.mean(np.flatnonzero(size > WIDEST * size.max())))
            x = round(np.clip(peak - label.shape[1] / 2, a + LABEL_MARGIN, b - label.shape[1] - LABEL_MARGIN))
            bright = size[x - a : x - a + label.shape[1]].mean() > BRIGHT_BAND
            found.append((label, x, DARK_LETTERS if bright else LIGHT_LETTERS))
    return found


@lru_cache(maxsize=256)
def _letters(words: str, size: int, grey: tuple[int, int, int], strength: float) -> NDArray[np.uint8]:
    """A word on the strip's grey, ``(H, W, 3)``."""
    cover = text(words, size)
    image = np.full((*cover.shape, 3), grey, np.float32)
    mix(image, cover * np.float32(strength), PLAYED)
    return image.astype(np.uint8)
