"""The Python surface: a recording becomes a performance; what is public is there and typed."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

import gengine
from gengine.core.audio import AudioClip


@pytest.fixture(scope="module")
def sound(speech: np.ndarray) -> AudioClip:
    return AudioClip(speech[: 3 * 16000], 16000)


def test_progress_is_told_after_each_stretch(speech: np.ndarray) -> None:
    sound = AudioClip(speech, 16000)
    heard: list[tuple[float, float | None]] = []
    made = gengine.animate(sound, config=gengine.EngineConfig(hop=1.0), progress=lambda *now: heard.append(now))
    assert len(heard) >= 3 and [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (pytest.approx(made.duration), 7.0)


def test_a_take_says_how_it_was_made(sound: AudioClip) -> None:
    made = gengine.animate(sound, "happy:0.5", seed=4, speaker="orator", fps=24, face_fps=30)
    assert made.provenance["gengine"] == gengine.__version__ and made.provenance["seed"] == 4
    assert made.provenance["emotion"] == "happy:0.5" and made.provenance["warnings"] == []
    assert made.motion is not None and made.motion.rotations.shape == (72, 75, 4)
    assert made.face is not None and made.face.weights.shape == (90, 52)


def test_calm_stills_the_body_and_leaves_the_mouth(speech: np.ndarray) -> None:
    sound, seen = AudioClip(speech, 16000), []
    for calm in (None, 0.5, 1.0):
        made = gengine.animate(sound, seed=2, calm=calm)
        assert made.motion is not None and made.face is not None
        places, _ = made.motion.forward()
        hips = np.linalg.norm(np.diff(places[:, 0], axis=0), axis=1).mean()
        wrists = places[:, [made.motion.skeleton.index(f"{side}Hand") for side in ("Left", "Right")]]
        seen.append((hips, np.linalg.norm(np.diff(wrists, axis=0), axis=-1).mean(), made.face.channel("jawOpen")))
    for k in (0, 1):
        assert seen[0][k] > 1.2 * seen[1][k] > 1.2 * 1.2 * seen[2][k]
    np.testing.assert_array_equal(seen[0][2], seen[2][2])


WRONG = {
    "calm": ({"calm": 1.5}, gengine.GengineError),
    "emotion": ({"emotion": "hapy"}, gengine.EmotionError),
    "emotion of another kind": ({"emotion": 3}, gengine.GengineError),
    "intensity": ({"intensity": 9}, gengine.GengineError),
    "rate": ({"fps": 500}, gengine.GengineError),
    "body": ({"body": "puppet"}, gengine.GengineError),
    "stance": ({"stance": "nowhere.bvh"}, gengine.GengineError),
    "text": ({"text": "nowhere.srt"}, gengine.TextError),
    "speaker": ({"speaker": ""}, gengine.GengineError),
    "speaker of another kind": ({"speaker": 1.5}, gengine.GengineError),
    "seed of another kind": ({"seed": "one"}, gengine.GengineError),
    "text of another kind": ({"text": 5}, gengine.GengineError),
    "language of another kind": ({"text": "hello", "language": 3}, gengine.GengineError),
    "stance of another kind": ({"stance": 3}, gengine.GengineError),
    "config of another kind": ({"config": {"hop": 1.0}}, gengine.GengineError),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_a_gengine_error(case: str, sound: AudioClip) -> None:
    changes, kind = WRONG[case]
    with pytest.raises(kind):
        gengine.animate(sound, **changes)


def test_a_wrong_source_is_an_audio_error(tmp_path) -> None:
    for source in (tmp_path / "none.wav", tmp_path, AudioClip(np.zeros(0, np.float32), 16000)):
        with pytest.raises(gengine.AudioError):
            gengine.animate(source)


@pytest.mark.parametrize("source", [3, None, np.zeros(16000)])
def test_a_source_of_another_kind_is_an_error(source) -> None:
    with pytest.raises(gengine.GengineError, match="source: .*expected the path"):
        gengine.animate(source)
    with pytest.raises(gengine.GengineError, match="expected the path"):
        gengine.load(source)


def test_what_is_public_is_there_documented_and_typed() -> None:
    assert set(gengine.__all__) <= set(dir(gengine))
    for name in gengine.__all__:
        assert (getattr(gengine, name).__doc__ or "").strip(), name
    for name in gengine.metrics.__all__:
        assert callable(getattr(gengine.metrics, name)) and getattr(gengine.metrics, name).__doc__, name
    with pytest.raises(AttributeError, match="animat'"):
        _ = gengine.animat  # type: ignore[attr-defined]
    assert resources.files("gengine").joinpath("py.typed").is_file()


def test_names_that_are_promised_to_type_checkers_are_the_lazy_ones() -> None:
    import ast
    from pathlib import Path

    tree = ast.parse(Path(gengine.__file__).read_text("utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    promised = {a.name: n.module for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert promised.pop("metrics") == "gengine" and promised == gengine._HOME
    assert set(gengine.__all__) == {*promised, "metrics"}


def test_importing_the_package_loads_nothing_more() -> None:
    script = "import sys, gengine; print(*(m for m in sys.modules if m.startswith(('gengine.', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
