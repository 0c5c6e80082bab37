"""Batches of mouths, drawn from two made-up clips."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("numba")
from gengine.training.portrait_batches import Mouths, by_opening, measured, varied  # noqa: E402
from gengine.training.portrait_examples import MouthClip  # noqa: E402


def clip(name: str, seed: int) -> MouthClip:
    """Five frames whose mouth opens more and more, brighter in the film than in the warp."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((5, 48, 64, 2), np.uint8)
    for t in range(5):
        masks[t, 24 : 24 + 4 * t, 20:44, 0] = 255
        masks[t, 20:44, 16:48, 1] = 255
    warped = rng.integers(60, 120, (5, 48, 64, 3), dtype=np.uint8)
    true = warped + (masks[..., :1] // 5)
    heard = rng.standard_normal((5, 6, 40)).astype(np.float32)
    return MouthClip(name, name, true, warped, masks, warped[0], masks[0], heard, np.eye(18, dtype=np.float32)[0])


@pytest.fixture(scope="module")
def mouths() -> Mouths:
    return Mouths.of([clip("a", 0), clip("b", 1)])


def test_frames_come_with_those_before_them(mouths: Mouths) -> None:
    batch = mouths.take(np.array([0, 3]))
    assert batch["true"].shape == (2, 3, 48, 64) and -1 <= batch["true"].min() and batch["masks"].max() == 1
    torch.testing.assert_close(batch["before"][0], batch["still"][0])
    torch.testing.assert_close(batch["before"][1], mouths.take(np.array([2]))["true"][0])
    torch.testing.assert_close(batch["earlier"][1], mouths.take(np.array([1]))["true"][0])
    drawn = [int(mouths.draw(np.random.default_rng(k), 1)["masks"][0, 0].sum()) for k in range(60)]
    assert np.mean(drawn) > np.mean([m.sum() / 255 for c in mouths.clips for m in c.masks[..., 0]])


def test_people_of_few_clips_are_drawn_more_often_than_their_number_tells() -> None:
    people = np.array(["many"] * 90 + ["few"] * 10)
    chance = by_opening(np.ones(100), people)
    assert chance.sum() == pytest.approx(1) and chance[people == "few"].sum() == pytest.approx(0.25)
    opened = by_opening(np.array([1.0, 3.0]), np.array(["a", "a"]))
    assert opened[1] == pytest.approx(3 * opened[0])


def test_a_variation_is_the_same_for_all_pictures_of_an_example(mouths: Mouths) -> None:
    batch = mouths.take(np.array([4, 9]))
    batch["warped"] = batch["true"].clone()
    one, again, other = varied(batch, (1, "a")), varied(batch, (1, "a")), varied(batch, (2, "a"))
    torch.testing.assert_close(one["true"], one["warped"])
    torch.testing.assert_close(one["true"], again["true"])
    assert (one["true"] - other["true"]).abs().mean() > 0.01 and (one["true"] - batch["true"]).abs().mean() > 0.01
    assert 0 <= one["masks"].min() and one["masks"].max() <= 1


def test_what_is_nearer_measures_better(mouths: Mouths) -> None:
    batch = mouths.take(np.arange(10))
    near = batch["warped"] + 0.9 * (batch["true"] - batch["warped"])
    better, worse = measured(near, batch), measured(batch["warped"], batch)
    assert better["inner"] > worse["inner"] + 15 and better["psnr"] > worse["psnr"] + 15
    assert abs(measured(batch["true"], batch)["sharp"] - 1) < 1e-6
