"""The strip: sound, emotion and words where the playhead says, in steady memory."""

from __future__ import annotations

import numpy as np
import pytest

from gengine.core.audio import AudioClip
from gengine.core.emotion import EMOTION_INDEX, EmotionTrack
from gengine.core.performance import Performance
from gengine.core.words import Word, WordTrack
from gengine.renderers.preview.strip import AHEAD, BEHIND, COLORS, TimelineStrip, stamp, text

WIDTH, HEIGHT = 600, 96


def strip() -> TimelineStrip:
    return TimelineStrip(WIDTH, HEIGHT, (20, 20, 20))


def said(seconds=8.0, rate=16_000, click=None, words=(), emotion="anger", span=(3.0, 5.0)) -> Performance:
    samples = np.zeros(round(seconds * rate), np.float32)
    if click is not None:
        samples[round(click * rate)] = 1.0
    weights = np.zeros((round(seconds * 50), 18))
    weights[round(span[0] * 50) : round(span[1] * 50), EMOTION_INDEX[emotion]] = 1.0
    track = EmotionTrack(weights, np.zeros((len(weights), 3)), 50.0)
    return Performance(AudioClip(samples, rate), WordTrack(words), track)


def test_a_click_stands_at_the_playhead_when_it_is_heard():
    timeline = strip()
    timeline.push(said(click=4.0))
    loud = timeline.draw(4.0)[8, :, 0].astype(int)  # near the top of the wave only the click reaches
    column = np.flatnonzero(np.abs(loud - loud[10]) > 40)
    assert timeline.now in column
    later = timeline.draw(5.0)[8, :, 0].astype(int)
    assert round(timeline.now - timeline.rate) in np.flatnonzero(np.abs(later - later[10]) > 40)
    assert timeline.now / timeline.rate == pytest.approx(BEHIND)
    assert (WIDTH - timeline.now) / timeline.rate == pytest.approx(AHEAD)


def test_emotion_bands_lie_at_their_times_in_their_colours():
    timeline = strip()
    timeline.push(said())
    row = timeline.draw(4.0)[round(0.58 * HEIGHT)].astype(int)
    band = np.flatnonzero(np.abs(row - COLORS["anger"]).max(-1) < 12)
    start, end = timeline.now - timeline.rate, timeline.now + timeline.rate
    assert band.min() == pytest.approx(start, abs=3)
    assert band.max() == pytest.approx(end, abs=3)


def test_words_begin_where_they_are_said_and_the_current_one_is_marked():
    timeline = strip()
    timeline.push(said(words=(Word("hello", 3.0, 3.5), Word("there", 3.9, 4.3))))
    image = timeline.draw(4.0).astype(int)
    letters = image[round(0.63 * HEIGHT) :].max((0, 2)) > 120
    first = np.flatnonzero(letters)[0]
    assert first == pytest.approx(timeline.now - timeline.rate, abs=4)
    mark = np.abs(image - COLORS["happiness"]).max(-1).min(0) < 12
    at = np.flatnonzero(mark)
    assert at.min() == pytest.approx(timeline.now - 0.1 * timeline.rate, abs=2)


def test_crowded_words_take_a_second_row():
    timeline = strip()
    timeline.push(said(words=(Word("understanding", 4.0, 4.1), Word("everything", 4.1, 4.2), Word("now", 5.5, 5.6))))
    assert [row for *_, row in timeline._words] == [0, 1, 0]


def test_stretches_draw_as_the_whole_and_are_heard_once():
    rng = np.random.default_rng(0)
    words = tuple(Word(f"word{i}", i * 0.3, i * 0.3 + 0.2) for i in range(25))
    whole = said(words=words, click=2.0, rate=44_100)
    noisy = Performance(AudioClip(rng.uniform(-1, 1, len(whole.audio)), 44_100), whole.words, whole.emotion)
    one, many = strip(), strip()
    one.push(noisy)
    for start, end in ((0, 0.7), (0.7, 0.7), (0.7, 3.34), (3.34, 8.0)):
        for _ in range(2):
            many.push(noisy.slice(start, end))
    for time in (0.0, 2.5, 7.9):
        assert np.array_equal(one.draw(time), many.draw(time))


def test_memory_does_not_grow():
    timeline = strip()
    sizes = []
    for i in range(20):
        stretch = said(4.0, words=(Word(f"w{i}", i * 4.0, i * 4.0 + 1),))
        timeline.push(Performance(stretch.audio, stretch.words, stretch.emotion, start=i * 4.0))
        timeline.draw(i * 4.0 + 3.9)
        sizes.append((len(timeline._peaks), len(timeline._words)))
    assert max(sizes[5:])[0] <= 25 * timeline.rate
    assert max(words for _, words in sizes) <= 6


def test_text_is_anti_aliased_and_cut_at_the_edges():
    letters = text("Ärger", 16)
    assert letters.max() == 1.0 and ((letters > 0.1) & (letters < 0.9)).sum() > 20
    image = np.zeros((10, 10, 3), np.float32)
    stamp(image, np.ones((6, 6), np.float32), 7, -3, (255, 0, 0))
    assert image[:3, 7:, 0].min() == 255 and image.sum() == 9 * 255
    stamp(image, letters, 50, 50, (255, 255, 255))
    assert image.sum() == 9 * 255
