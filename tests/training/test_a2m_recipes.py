"""The bundled recipes of the audio-to-motion network, each on a corpus of its layout in small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gengine
from gengine import Performance
from gengine.config import find_config, read_yaml
from gengine.core.emotion import EMOTION_INDEX
from gengine.errors import GengineError

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
from gengine.networks.a2m.network import A2mNetwork  # noqa: E402
from gengine.networks.visemes.targets import MOUTH  # noqa: E402
from gengine.training.a2m_task import A2mTask, A2mTraining, collect, mouth_in  # noqa: E402
from gengine.training.film_faces import FilmNames  # noqa: E402
from gengine.training.settings import training_of  # noqa: E402
from tests.vision.test_capture import tile, write  # noqa: E402


def recipe(name: str, **more: Any) -> A2mTraining:
    values = read_yaml(find_config("train", name)) | {"steps": 20, "evaluate_every": 20, "batch": 64, "width": 8} | more
    training = training_of(values, name)
    assert isinstance(training, A2mTraining)
    return training


def test_beat_s_layout_is_learned_from_and_speakers_are_held_out(
    tmp_path: Path, cache: Path, write_recording: Callable[[Path, str, Performance], None]
) -> None:
    take = gengine.animate("demos/speech.wav", "anger", end=3, words="none")
    for stem in ("1_wayne_0_9_9", "2_scott_0_9_9"):
        write_recording(tmp_path / "corpus", stem, take)
    settings = recipe("a2m-beat", data=[tmp_path / "corpus"], cache=cache)
    task = A2mTask(settings)
    assert {e.name for e in task.learn} == {"1_wayne_0_9_9"} and {e.name for e in task.held} == {"2_scott_0_9_9"}
    assert all(e.made for e in task.learn)
    out = settings.run(tmp_path / "run")
    assert A2mNetwork(out / "best").spec.produces == "face"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name in ("1001_DFA_HAP_HI", "1082_DFA_NEU_XX", "notes"):
        write(folder / f"{name}.mp4", [tile(0, 0)] * 8 + [tile(0, 1)] * 8, seconds=0.6)
    return folder


def test_films_are_captured_once_and_their_names_tell_the_emotion(
    films: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = recipe("a2m-films", data=[films], cache=cache)
    task = A2mTask(settings)
    assert {e.name for e in task.learn} == {"1001_DFA_HAP_HI"} and {e.name for e in task.held} == {"1082_DFA_NEU_XX"}
    assert "notes: left out: film notes: its name tells no emotion" in caplog.text
    (kept,) = cache.glob("faces-*")
    happy = Performance.load(kept / "1001_DFA_HAP_HI.npz")
    assert happy.emotion.weights[:, EMOTION_INDEX["happiness"]].min() == 1 and happy.face is not None
    smile = MOUTH.index("mouthSmile")
    (learned,) = (e for e in task.learn if not e.made)
    shown = mouth_in(happy.face, len(learned.mouth))
    # the smile is the emotion's, not the speech's
    assert learned.mouth[:, smile].mean() < 0.5 * shown[:, smile].mean()
    stamp = (kept / "1001_DFA_HAP_HI.npz").stat().st_mtime_ns
    collect([films], cache, settings.names)
    assert (kept / "1001_DFA_HAP_HI.npz").stat().st_mtime_ns == stamp


def test_names_without_an_emotion_are_refused() -> None:
    names = FilmNames(
        pattern="_(?P<emotion>[A-Z]+)_(?P<strength>LO)?", emotions={"ANG": "anger"}, strengths={"LO": 0.4}
    )
    assert np.isclose(names.emotion_of("1_ANG_LO")(np.zeros(1))[0][0, EMOTION_INDEX["anger"]], 0.4)
    with pytest.raises(GengineError, match="tells no emotion"):
        names.emotion_of("1_HAP_LO")
    with pytest.raises(ValueError, match="has no group"):
        FilmNames(pattern="[A-Z]", emotions={})
