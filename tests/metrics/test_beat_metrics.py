"""Metric parity: each function equals a plain transcription of its published definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from gengine.core import rotation
from gengine.errors import GengineError
from gengine.metrics.alignment import beat_alignment, motion_beats, random_beats
from gengine.metrics.diversity import coverage, density, l1_diversity
from gengine.metrics.frechet import frechet_distance, gaussian
from gengine.metrics.smoothness import jerk, ldlj
from gengine.metrics.srgr import srgr, srgr_beat

RNG = np.random.default_rng(0)


def test_srgr_beat_is_the_published_sum_over_frames_and_joints():
    pred, ref = RNG.normal(0, 4, (50, 141)), RNG.normal(0, 4, (50, 141))
    semantic = RNG.uniform(0, 1, 50)
    total = 0.0
    for t in range(50):
        for j in range(47):
            distance = sum(abs(pred[t, 3 * j + k] - ref[t, 3 * j + k]) for k in range(3))
            total += (1.0 if distance < 4.0 else 0.0) * semantic[t] / 0.165
    assert srgr_beat(pred, ref, semantic) == pytest.approx(total / (50 * 47), abs=1e-6)
    assert srgr_beat(ref, ref, semantic) == pytest.approx(semantic.mean() / 0.165)


def test_srgr_gives_ground_truth_one_and_tolerates_shifts():
    ref = rotation.from_euler(np.cumsum(RNG.normal(0, 0.05, (80, 5, 3)), axis=0))
    semantic = RNG.uniform(0, 1, 80)
    shifted = np.roll(ref, 2, axis=0)
    assert srgr(ref, ref, semantic) == pytest.approx(1.0)
    assert srgr(shifted, ref, semantic, threshold=0.02) < 0.5
    assert srgr(shifted, ref, semantic, threshold=0.02, tolerance=2) > 0.95
    assert np.isnan(srgr(ref, ref, np.zeros(80)))


def test_frechet_distance_equals_scipys_square_root():
    for size in (2, 7, 30):
        a, b = RNG.normal(size=(size, 2 * size)), RNG.normal(size=(size, 2 * size))
        cov1, cov2 = a @ a.T / size, b @ b.T / size
        mu1, mu2 = RNG.normal(size=size), RNG.normal(size=size)
        expected = ((mu1 - mu2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * linalg.sqrtm(cov1 @ cov2).real)
        assert frechet_distance(mu1, cov1, mu2, cov2) == pytest.approx(expected, abs=1e-6)
    assert frechet_distance(mu1, cov1, mu1, cov1) == pytest.approx(0.0, abs=1e-6)


def test_gaussian_needs_two_rows():
    mu, cov = gaussian(RNG.normal(size=(100, 3)))
    assert mu.shape == (3,) and cov.shape == (3, 3)
    with pytest.raises(GengineError, match="two rows"):
        gaussian(np.zeros((1, 3)))


@pytest.mark.parametrize("over", ["motion", "audio"])
def test_beat_alignment_is_the_mean_gaussian_of_nearest_gaps(over: str):
    audio, motion = np.sort(RNG.uniform(0, 20, 30)), np.sort(RNG.uniform(0, 20, 45))
    source, target = (motion, audio) if over == "motion" else (audio, motion)
    expected = np.mean([np.exp(-(min(abs(s - target)) ** 2) / (2 * 0.3**2)) for s in source])
    assert beat_alignment(audio, motion, over=over) == pytest.approx(expected, abs=1e-12)
    assert beat_alignment(audio, audio, over=over) == 1.0
    assert np.isnan(beat_alignment(audio, [], over=over))


def test_random_beats_score_high_so_they_are_printed_beside():
    audio = random_beats(3.0, 600, seed=1)
    slow, fast = (beat_alignment(audio, random_beats(rate, 600, seed=2), over="audio") for rate in (2.0, 5.0))
    assert 0.6 < slow < fast < 1.0


def test_motion_beats_are_speed_minima():
    t = np.arange(0, 10, 1 / 60)
    beats = motion_beats(1 + np.cos(2 * np.pi * t), 60)
    assert np.allclose(beats, np.arange(10) + 0.5, atol=1 / 60)


def test_l1_diversity_of_known_values():
    assert l1_diversity(np.array([[0.0, 0.0], [2.0, 4.0]])) == pytest.approx(3.0)
    assert l1_diversity(np.ones((10, 4))) == 0.0


def test_coverage_and_density_fall_for_a_collapsed_generator():
    real, good = RNG.normal(size=(300, 4)), RNG.normal(size=(300, 4))
    collapsed = np.tile(real[:1], (300, 1)) + RNG.normal(0, 0.01, (300, 4))
    assert coverage(real, good) > 0.9 > 0.1 > coverage(real, collapsed)
    assert density(real, good) == pytest.approx(1.0, abs=0.25)


def test_jerk_of_a_cubic_is_constant_and_ldlj_prefers_minimum_jerk():
    t = np.linspace(0, 1, 101)
    cubic = np.stack([t**3, 0 * t, 0 * t], axis=-1)
    assert np.allclose(jerk(cubic, 100), 6.0, rtol=1e-3)
    smooth = 10 * t**3 - 15 * t**4 + 6 * t**5
    path = np.stack([smooth, 0 * t, 0 * t], axis=-1)
    shaky = path + RNG.normal(0, 1e-3, path.shape)
    assert ldlj(path, 100) > ldlj(shaky, 100)
    assert np.isnan(ldlj(np.zeros((10, 3)), 100))
