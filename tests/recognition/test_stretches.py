from __future__ import annotations

import numpy as np

from gengine.core.audio import SAMPLE_RATE
from gengine.recognition.stretches import LONGEST, stretches


def test_a_long_recording_is_cut_in_its_pauses(speech: np.ndarray) -> None:
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    sound = np.tile(np.concatenate([speech, pause]), 10)
    parts = list(stretches([sound]))
    np.testing.assert_array_equal(np.concatenate([p.samples for p in parts]), sound)
    assert len(parts) > 2 and all(p.end - p.start <= LONGEST for p in parts)
    for part in parts[1:]:
        cut = round(part.start * SAMPLE_RATE)
        assert np.abs(sound[cut - 160 : cut + 160]).max() < 0.01


def test_blocks_do_not_matter(speech: np.ndarray) -> None:
    sound = np.tile(speech, 8)
    whole = [p.start for p in stretches([sound])]
    assert [p.start for p in stretches(np.split(sound, range(999, len(sound), 12_345)))] == whole


def test_no_sound_is_no_stretch() -> None:
    assert not list(stretches([]))
