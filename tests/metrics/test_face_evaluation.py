"""Faces beside recorded ones: known movements, and a corpus that the viseme rules made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import gengine
from gengine.cli import app
from gengine.core.face import ARKIT_INDEX, FaceTrack
from gengine.core.lips import SealModel
from gengine.data.faces import FaceCorpus
from gengine.errors import GengineError
from gengine.metrics.face_evaluation import evaluate_faces, moves_faces, table
from gengine.metrics.face_reference import FACE_METRICS, RATE, FacePair, closings, compare

JAW = ARKIT_INDEX["jawOpen"]
PER_MM = 1 / SealModel.ict().gap[JAW]


def face_of(jaw: np.ndarray, fps: float = RATE) -> FaceTrack:
    weights = np.zeros((len(jaw), 52))
    weights[:, JAW] = jaw
    return FaceTrack(weights, np.tile([1.0, 0, 0, 0], (len(jaw), 1)), np.zeros((len(jaw), 2)), fps)


def babble(seconds: float = 6.0, late: float = 0.0) -> np.ndarray:
    """Lips that part by 9 mm and meet for 100 ms, twice a second."""
    t = np.arange(round(seconds * RATE)) / RATE - late
    return 10 * PER_MM * np.clip(np.sin(2 * np.pi * 2 * t) + 0.6, 0, 1)


def pair(made: np.ndarray, true: np.ndarray) -> FacePair:
    return FacePair("one", face_of(made), face_of(true), np.ones(len(true)), true)


def test_a_face_is_itself() -> None:
    found = {k: v[0] for k, v in compare([pair(babble(), babble())]).items()}
    assert set(found) == set(FACE_METRICS)
    assert found["lip_r"] == pytest.approx(1) and found["jaw_r"] == pytest.approx(1) and found["closures"] == 1
    for row in ("lip_error", "lip_lag", "lbe", "lve", "closures_false"):
        assert found[row] == pytest.approx(0, abs=1e-6), row


def test_lips_that_come_late_or_stay_apart_are_told() -> None:
    late = {k: v[0] for k, v in compare([pair(babble(late=2 / RATE), babble())]).items()}
    assert late["lip_lag"] == pytest.approx(2000 / RATE) and late["lip_r"] < 0.95
    apart = {k: v[0] for k, v in compare([pair(babble() + 2 * PER_MM, babble())]).items()}
    assert apart["closures"] == 0 and apart["lip_error"] == pytest.approx(2, abs=0.01) and apart["lip_r"] > 0.99
    more = compare([pair(babble(), np.maximum(babble(), 2 * PER_MM))])
    assert more["closures_false"][0] == 1 and np.isnan(more["closures"][0])
    assert np.isnan(compare([pair(0 * babble(), babble())])["lip_r"][0])


def test_a_mouth_at_rest_is_no_closing() -> None:
    gap = np.concatenate([np.full(30, 0.8), np.full(6, 8), np.full(4, 0.5), np.full(6, 8), np.full(40, 0.8)])
    assert closings(gap) == [(36, 40)]


def test_errors_of_lips_are_those_of_the_avatar_s_vertices() -> None:
    """A jaw open by 1 moves some vertex of the lips by about 40 mm, and it counts in proportion."""
    half, whole = (compare([pair(np.full(30, x), np.zeros(30))])["lve"][0] for x in (0.5, 1))
    assert 25 < whole < 50 and half == pytest.approx(whole / 2, rel=1e-5)


def test_controls_lose_what_they_lack() -> None:
    rng = np.random.default_rng(0)
    steps = [np.repeat(rng.random(40), 6) for _ in range(2)]
    pairs = [pair(0.9 * s, s) for s in steps]
    found = table({"ours": pairs})
    assert [c.name for c in found.columns] == ["ours", "truth", "shifted", "mismatched", "mean", "loudness", "swapped"]
    r = {c.name: found.value(c.name, "lip_r") for c in found.columns}
    assert r["ours"] > 0.99 and r["truth"] > 0.99 and r["loudness"] > 0.99  # their loudness is their jaw
    assert abs(r["mismatched"]) < 0.6 and abs(r["swapped"]) < 0.6 and np.isnan(r["mean"])
    assert found.value("ours", "lip_error") < 0.3 * found.value("mean", "lip_error")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    for name, start in (("a_held", 0), ("b_held", 3), ("c", 5)):
        gengine.animate("demos/speech.wav", start=start, end=start + 3, words="none", text="none",
                        face_fps=30).save(folder / f"{name}.npz")  # fmt: skip
    return folder


def test_rules_are_measured_on_faces_that_they_made(corpus: Path, tmp_path: Path) -> None:
    assert moves_faces("a2m") and moves_faces("a2m-v3") and not moves_faces("choreographer")
    done = CliRunner().invoke(
        app, ["evaluate", "visemes", "--data", str(corpus), "--only", "*_held", "--beside", "a2m", "--out",
              str(tmp_path), "--json"]
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["about"]["recordings"] == 2
    rows = {c["name"]: {r["metric"]: r["value"] for r in c["rows"]} for c in found["columns"]}
    assert rows["visemes"]["lip_r"] > 0.98 > rows["a2m"]["lip_r"] > rows["swapped"]["lip_r"]
    assert rows["silence"]["lip_spread"] < 0.3 < rows["truth"]["lip_spread"]
    assert (tmp_path / "evaluation.txt").read_text().startswith("metric")


def test_what_holds_no_face_is_refused(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(GengineError, match="no FACEGOOD take"):
        FaceCorpus(tmp_path)
    with pytest.raises(GengineError, match="no recording with words of c"):
        evaluate_faces("visemes", corpus, only=["c"], words=True)
