"""The table: known answers for ground truth and its distortions, and controls that keep their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.euler141 import JOINTS
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.errors import GengineError
from gengine.metrics import report
from gengine.metrics.controls import table
from gengine.metrics.evaluate import METRICS, Clip, evaluate
from gengine.metrics.fgd import LATENT, LAYERS, TAIL, FgdEncoder

SECONDS = 24.0
FPS = 30.0


@pytest.fixture(scope="module")
def encoder():
    """Random weights: distances of random projections already tell motions apart."""
    rng, made, channels = np.random.default_rng(0), {}, 282
    for i, (width, kernel, _) in enumerate(LAYERS):
        made[f"layer{i}.weight"] = rng.normal(0, (kernel * channels) ** -0.5, (kernel * channels, width))
        made[f"layer{i}.bias"] = np.zeros(width)
        channels = width
    made |= {"latent.weight": rng.normal(0, 0.02, (TAIL * LATENT, LATENT)), "latent.bias": np.zeros(LATENT)}
    made |= {"reference": np.zeros(141), "mean": np.zeros(282), "scale": np.full(282, 0.1)}
    return FgdEncoder({k: v.astype(np.float32) for k, v in made.items()}, "6d", "f" * 64, "tiny", "random")


def talker(seed: int, accents: np.ndarray) -> Motion:
    """Someone whose upper arms swing fastest at every accent."""
    rng = np.random.default_rng(seed)
    skeleton = beat_skeleton()
    t = np.arange(round(SECONDS * FPS)) / FPS
    phase = np.interp(t, accents, np.arange(len(accents)) * np.pi)  # a stroke passes its middle at each accent
    turns = np.tile(rotation.IDENTITY, (len(t), len(skeleton), 1))
    for joint, sign in (("LeftArm", -1.0), ("RightArm", 1.0)):
        angles = np.stack([0.2 * np.sin(0.7 * t + seed), 0.5 * np.sin(phase) * sign, sign * 1.0 + 0 * t], axis=-1)
        turns[:, skeleton.index(joint)] = rotation.from_euler(angles)
    for joint in ("Spine", "Neck", "LeftForeArm", "RightForeArm"):
        wave = 0.08 * np.sin(t[:, None] * rng.uniform(0.5, 2, 3) + rng.uniform(0, 6, 3))
        turns[:, skeleton.index(joint)] = rotation.from_euler(wave)
    return Motion(skeleton, turns, np.zeros((len(t), 3)), FPS)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    made = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        accents = np.cumsum(rng.uniform(0.5, 1.3, 40))
        accents = accents[accents < SECONDS]
        motion = talker(seed, accents)
        semantic = rng.choice([0.0, 0.1, 0.8], len(motion))
        made.append(Clip(f"clip {seed}", motion, motion, semantic, accents, accents))
    return made


@pytest.fixture(scope="module")
def found(clips, encoder):
    return table({"own": clips}, encoder)


def test_ground_truth_against_itself_is_known(found, clips):
    semantic = np.concatenate([c.semantic for c in clips])
    assert found.value("truth", "srgr") == 1.0
    assert found.value("truth", "srgr_beat") == pytest.approx(semantic.mean() / 0.165)
    assert found.value("truth", "fgd") == pytest.approx(0.0, abs=1e-2)
    assert found.value("truth", "coverage") == 1.0 and found.value("truth", "ldlj_gap") == 0.0
    assert all(found.value("own", m) == found.value("truth", m) or np.isnan(found.value("own", m)) for m in METRICS)


def test_controls_keep_their_order(found):
    fgd = {c.name: found.value(c.name, "fgd") for c in found.columns}
    assert fgd["truth"] < fgd["shifted"] < fgd["static"] and fgd["truth"] < fgd["mean"]
    assert fgd["truth"] < fgd["split-half"] < fgd["static"]
    assert found.value("static", "srgr") < 1.0 and found.value("shifted", "srgr") < 1.0
    assert found.value("static", "wrist_speed") < 1e-9 > found.value("mean", "diversity_l1")
    assert found.value("shifted", "fgd_movement") < found.value("static", "fgd_movement") <= fgd["static"]
    assert found.value("mean", "fgd_movement") == pytest.approx(fgd["mean"], rel=1e-3)
    assert found.value("still", "fgd") == pytest.approx(fgd["mean"], rel=1e-3)  # of "own", which is the truth
    assert np.isnan(found.value("static", "beat_alignment")) and found.value("static", "beat_rate") == 0.0
    assert found.value("shifted", "wrist_speed") == pytest.approx(found.value("truth", "wrist_speed"), rel=0.1)


def test_coupling_needs_the_right_speech(found):
    assert found.value("truth", "accent_gain") > 0.3
    assert abs(found.value("shifted", "accent_gain")) < 0.15 > abs(found.value("mismatched", "accent_gain"))
    assert abs(found.value("random beats", "beat_gain")) < 0.06


def test_motion_beats_lie_where_the_hands_stop(clips):
    """Strokes are fastest at the accents, so their ends lie midway between them."""
    middles = [replace(c, onsets=(c.accents[1:] + c.accents[:-1]) / 2) for c in clips]
    at_stops, at_strokes = ({r.metric: r.value for r in evaluate(x)}["beat_gain"] for x in (middles, clips))
    assert at_stops > 0.1 and at_strokes < -0.1


def test_a_shaking_system_is_found_out(clips, encoder):
    rng = np.random.default_rng(9)

    def shaken(clip: Clip) -> Clip:
        m = clip.reference
        noise = rotation.from_rotvec(rng.normal(0, 0.05, (len(m), len(m.skeleton), 3)))
        return replace(clip, motion=Motion(m.skeleton, rotation.multiply(m.rotations, noise), m.root, m.fps))

    rows = {r.metric: r for r in evaluate([shaken(c) for c in clips], encoder)}
    truth = {r.metric: r for r in evaluate(clips, encoder)}
    assert rows["ldlj_gap"].value < -0.2 and rows["fgd"].value > truth["fgd"].value + 0.1
    assert rows["joint_speed"].value > 2 * truth["joint_speed"].value
    assert rows["beat_rate"].value > truth["beat_rate"].value


def test_every_row_says_what_it_is(found, encoder):
    for column in found.columns:
        for row in column.rows.values():
            assert row.unit and row.direction and row.of and row.n >= 0
            assert (row.extractor == encoder.sha256) == (row.metric in ("fgd", "fgd_movement", "coverage", "density"))
    assert found.about["encoder_sha256"] == encoder.sha256 and found.about["encoder_data_id"] == "tiny"
    assert {c.kind for c in found.columns} == {"system", "ground truth", "floor"}
    windows = sum((len(range(0, round(SECONDS * 15) - 33, 10))) for _ in range(4))
    assert found.columns[0].rows["fgd"].n == windows and found.columns[0].rows["srgr"].n == 4 * SECONDS * 15


def test_the_report_has_every_cell_and_the_picture_opens(found, tmp_path):
    from PIL import Image

    text = report.lines(found)
    for column in found.columns:
        assert column.name in text[0]
    assert any(line.startswith("fgd") and report.number(found.value("static", "fgd")) in line for line in text)
    assert Image.open(report.plot(found, tmp_path / "a.png")).size[0] > 600


def test_the_trap_of_srgr_is_visible(found):
    """Joints that hardly move count as hits, so a pose held scores: that is why it is printed."""
    assert found.value("mean", "srgr") > 0.8


def test_what_cannot_be_measured_is_said(clips):
    with pytest.raises(GengineError, match="no clips"):
        evaluate([])
    short = clips[0].reference[: len(clips[0].reference) // 2]
    with pytest.raises(GengineError, match="expected the same recording"):
        replace(clips[0], motion=short)
    with pytest.raises(GengineError, match="semantic"):
        replace(clips[0], semantic=np.zeros(3))


def test_rows_hold_at_any_rate_of_the_system(clips):
    """A system at 60 fps is read at 15 like its reference at 30."""
    fast = [replace(c, motion=c.reference.resample(60.0)) for c in clips[:1]]
    rows = {r.metric: r.value for r in evaluate(fast)}
    assert rows["srgr"] == pytest.approx(1.0) and len(JOINTS) == 47
