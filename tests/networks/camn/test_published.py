"""The published CaMN: sizes and clocks as described, every modality heard, streams as offline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gengine.checkpoint import load_checkpoint, save_checkpoint
from gengine.core import rotation
from gengine.core.conditions import Conditions, Prosody
from gengine.core.emotion import EMOTION_INDEX, EMOTIONS, EmotionTrack
from gengine.core.euler141 import JOINTS, to_141
from gengine.core.face import FaceTrack
from gengine.core.motion import Motion
from gengine.core.skeleton import beat_skeleton
from gengine.core.speaker import Speaker
from gengine.core.words import Word
from gengine.errors import FormatError
from gengine.networks.camn import published_network as paper
from gengine.networks.camn.published_network import (
    BODY,
    HANDS,
    SAMPLES,
    SEED_FRAMES,
    WINDOW,
    PublishedCamnNetwork,
    WordIndex,
)
from gengine.networks.camn.sizes import MODALITIES, PublishedShape

torch = pytest.importorskip("torch")
from gengine.networks.camn.published import (  # noqa: E402
    PublishedCamn,
    PublishedDiscriminator,
    SoundEncoder,
    example_inputs,
)

TINY = {
    "words": 64, "word_width": 8, "sound": [2, 2, 2, 4, 4, 8], "text": [8, 8], "text_out": 8, "emotion": [4, 4],
    "face": [4, 4], "hidden": 16, "layers": 1, "speakers": 3,
}  # fmt: skip
SPEAKERS = ["wayne", "scott", "carla"]


def count(module) -> int:
    return sum(p.numel() for p in module.parameters())


def tiny(tensors=None, seed=0, **shape) -> PublishedCamnNetwork:
    """A small network with random weights, its inputs' and outputs' scales as after a training."""
    torch.manual_seed(seed)
    shape = PublishedShape.of(TINY | shape)
    network = PublishedCamn(shape)
    for parameter in network.parameters():
        parameter.data *= 1.5
    weights = {k: v.numpy().copy() for k, v in network.state_dict().items()}
    rng = np.random.default_rng(seed)
    pose = {"pose.mean": rng.normal(0, 20, 141), "pose.deviation": rng.uniform(2, 10, 141)}
    face = {"face.mean": np.full(51, 0.2, np.float32), "face.deviation": np.full(51, 0.1, np.float32)}
    rest = {"rest.rotations": rotation.from_rotvec(rng.normal(0, 0.1, (75, 3))), "rest.root": np.array([0, 0.93, 0])}
    config = {
        "kind": "camn-paper", "shape": shape.as_dict(), "words": WordIndex(buckets=64).as_dict(), "speakers": SPEAKERS,
    }  # fmt: skip
    return PublishedCamnNetwork.of(config, weights | pose | face | rest)


@pytest.fixture(scope="module")
def recording():
    """Conditions of 5.1 s with everything in them."""
    rng = np.random.default_rng(3)
    seconds = 5.1
    weights = np.zeros((round(seconds * 100), len(EMOTIONS)))
    weights[:250, EMOTION_INDEX["happiness"]] = 1
    weights[250:, EMOTION_INDEX["fear"]] = 1
    nothing = np.zeros(0, np.float32)
    return Conditions(
        start=0.0, hop_start=0.0, hop_end=seconds, known_until=seconds, ended=True, prosody=Prosody(*[nothing] * 6),
        phones=(), syllables=(), cues=(),
        words=tuple(Word(f"word{k}", 0.5 * k, 0.5 * k + 0.4) for k in range(10)),
        emotion=EmotionTrack(weights, np.zeros((len(weights), 3)), 100.0), speaker=Speaker.named("scott"),
        face=FaceTrack(rng.random((307, 52)), np.tile([1, 0, 0, 0], (307, 1)), np.zeros((307, 2)), 60.0),
        sound=rng.normal(0, 0.1, round(seconds * 16000)).astype(np.float32),
    )  # fmt: skip


def perform(network, c, hop=2.0, context=None, speaker=None):
    """Hop by hop, each handed no more than the network asks for."""
    context = network.spec.context if context is None else context
    state, parts = network.start(speaker or c.speaker, 0), []
    for k in range(int(np.ceil(c.hop_end / hop - 1e-6))):
        start, end = k * hop, min((k + 1) * hop, c.hop_end)
        known = min(end + network.spec.lookahead, c.hop_end)
        first = max(0.0, start - context)
        a, b = round(first * 100), round(known * 100)
        window = replace(
            c, start=first, hop_start=start, hop_end=end, known_until=known, emotion=c.emotion[a:b],
            sound=c.sound[round(first * 16000) : round(known * 16000)],
            words=tuple(w for w in c.words if w.end > first and w.start < known),
            face=c.face and c.face[round(start * 60) : round(end * 60)],
        )  # fmt: skip
        parts.append(network.generate(window, state))
    return np.concatenate([m.rotations for m in parts]), np.concatenate([m.root for m in parts])


# ---- the modules


def test_sizes_are_the_published_ones():
    shape = PublishedShape()
    network = PublishedCamn(shape)
    assert (len(BODY), len(HANDS), SAMPLES) == (27, 114, 36267)
    assert {JOINTS[c // 3] for c in BODY} == {
        "Spine", "Neck", "Neck1",
        *(side + part for side in ("Left", "Right") for part in ("Shoulder", "Arm", "ForeArm")),
    }  # fmt: skip
    assert network.fuse_sound[0].in_features == 272 and network.fuse_face[0].in_features == 304
    assert network.body.over_time.input_size == 446 and network.hands.over_time.input_size == 473
    table = count(network.text.table)
    assert table == 4096 * 300 and count(network) == 15_867_597
    words = (16e6 - (count(network) - table)) / 300  # the vocabulary that the 16 million in print leave room for
    assert 4400 < words < 4700
    assert network.eval()(**example_inputs(shape)).shape == (1, 34, 141)
    assert PublishedDiscriminator()(torch.zeros(2, 34, 141)).shape == (2,)


def test_a_row_of_sound_is_centred_on_its_frame():
    """With kernels that pass their middle alone, every row is one sample: at most 14 ms from its frame's time."""
    encoder = SoundEncoder((1,) * 6).eval()
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv1d):
            module.weight.data.zero_()
            module.weight.data[..., module.kernel_size[0] // 2] = 1.0
            module.bias.data.zero_()
    sound = torch.ones(1, SAMPLES, requires_grad=True)
    rows = encoder(sound)[0, :, 0]
    heard = [torch.autograd.grad(row, sound, retain_graph=True)[0][0].nonzero().flatten() for row in rows]
    assert len(rows) == WINDOW and all(len(h) == 1 for h in heard[1:])  # row 0 is centred in the padding
    late = torch.cat(heard[1:]).double() - torch.tensor([paper.first_sample(k) for k in range(1, WINDOW)])
    assert late.abs().max() <= 221 and abs(late[0] + late[-1]) < 20


def test_body_and_hands_fill_their_own_columns():
    network = tiny().network
    with torch.no_grad():
        for name, value in (("body", 1.0), ("hands", 2.0)):
            last = getattr(network, name).out[-1]
            last.weight.zero_()
            last.bias.fill_(value)
        made = network(**example_inputs(network.shape))[0, 0]
    assert (made[list(BODY)] == 1).all() and (made[list(HANDS)] == 2).all()


def test_every_modality_is_heard_and_can_be_left_out():
    shape = PublishedShape.of(TINY)
    inputs = {k: v.repeat_interleave(2, 0) for k, v in example_inputs(shape).items()}
    other = dict(inputs)
    rng = torch.Generator().manual_seed(0)
    changed = {
        "audio": ("sound", torch.randn(SAMPLES, generator=rng)), "text": ("words", torch.full((WINDOW, 1), 7)),
        "speaker": ("speaker", torch.tensor(2)), "emotion": ("emotion", torch.full((WINDOW,), 3)),
        "face": ("face", torch.randn(WINDOW, 51, generator=rng)),
    }  # fmt: skip
    whole = tiny().network
    for modality, (name, value) in changed.items():
        other = {k: v.clone() for k, v in inputs.items()}
        other[name][1] = value
        with torch.no_grad():
            a, b = whole(**other)
            assert (a - b).abs().max() > 1e-4, modality
            without = tiny(modalities=[m for m in MODALITIES if m != modality]).network
            assert count(without) < count(whole)
            a, b = without(**other)
            assert torch.equal(a, b), modality
            alone = tiny(modalities=[modality]).network
            a, b = alone(**other)
            assert (a - b).abs().max() > 1e-5, modality


def test_the_first_poses_are_given_and_marked():
    network = tiny().network
    inputs = example_inputs(network.shape)
    seen = []
    network.body.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    inputs["seed"] += torch.arange(141.0)
    network(**inputs)
    given = seen[0][0, :, -142:]
    assert torch.equal(given[:SEED_FRAMES, :-1], inputs["seed"][0])
    assert given[:, -1].tolist() == [1.0] * 4 + [0.0] * 30 and (given[4:] == 0).all()


# ---- words and clocks


def test_words_have_rows():
    index = WordIndex(("the", "don't"))
    assert [index.ids(w)[0] for w in ("", "…", "The", "don’t", "zebra")] == [0, 0, 2, 3, 1] and index.rows == 4
    subwords = WordIndex(buckets=64)
    assert subwords.rows == 64 and subwords.ids("").tolist() == [0] * 12
    ids = subwords.ids("zebra")
    assert ids.shape == (12,) and 0 < ids[0] < 64 and 0 <= ids.min() and ids.max() < 64


def test_words_stand_at_the_frames_in_which_they_are_said():
    words = (Word("a", 0.0, 0.2), Word("b", 0.2, 0.2), Word("c", 0.3, 0.4))
    assert paper.words_at(words, np.arange(7) / 15) == ["a", "a", "a", "", "", "c", ""]


def test_samples_never_drift():
    firsts = np.array([paper.first_sample(k) for k in range(0, 15 * 3600)])
    assert np.abs(firsts - np.arange(len(firsts)) * 16000 / 15).max() < 0.34
    assert firsts[-1] == round((15 * 3600 - 1) * 16000 / 15)


# ---- the body network


def test_it_moves_every_frame_smoothly_and_only_its_joints(recording):
    network = tiny()
    turns, root = perform(network, recording)
    assert turns.shape == (306, 75, 4) and root.shape == (306, 3) and np.isfinite(turns).all()
    names = beat_skeleton().names
    still = [names.index(n) for n in names if n not in JOINTS]
    assert np.abs(turns[:, still] - network.rest.rotations[0, still]).max() == 0
    assert np.abs(root - network.rest.root[0]).max() == 0
    speed = np.linalg.norm(rotation.angular_velocity(rotation.continuous(turns), 60.0), axis=-1).max(1)
    assert speed.std() > 0 and speed[[119, 239]].max() < np.percentile(speed, 99)  # no jump from hop to hop


def test_frames_at_15_hz_are_the_windows_of_the_description(recording):
    """The same windows made by hand from the whole recording, without any streaming."""
    network = tiny()
    turns, _ = perform(network, recording)
    poses = np.zeros((4, 141))  # frames -3 to 0
    ids = np.stack([network.words.ids(w) for w in paper.words_at(recording.words, np.arange(200) / 15)])
    face = recording.face.weights[np.minimum(np.arange(200) * 4, 306)][:, paper.FACE_ORDER]
    emotion = np.where(np.arange(200) / 15 < 2.495, 1, 6)
    sound = np.pad(recording.sound, (3200, 100000))
    for first, known in ((-3, 2.1), (27, 4.1), (57, 5.1)):
        frames = np.arange(first, first + 34)
        heard = sound[3200 + round(first * 16000 / 15) :][:SAMPLES].copy()
        heard[max(0, round(known * 16000) - round(first * 16000 / 15)) :] = 0
        said = np.where(((frames >= 0) & (frames / 15 < known - 1e-9))[:, None], ids[np.maximum(frames, 0)], 0)
        last_seen = {2.1: 119, 4.1: 239, 5.1: 305}[known]
        seen = face[np.maximum(frames, 0)].copy()
        seen[frames * 4 > last_seen] = recording.face.weights[last_seen, paper.FACE_ORDER]
        seen[frames < 0] = 0.2
        felt = emotion[np.clip(frames, 0, round(known * 15 - 0.5) if known == 5.1 else None)]
        inputs = {
            "sound": heard, "words": said, "speaker": np.array(1), "emotion": felt,
            "face": (seen - 0.2).astype(np.float32) / np.float32(0.1), "seed": poses[-4:].astype(np.float32),
        }  # fmt: skip
        with torch.no_grad():
            made = network.network(**{k: torch.tensor(v)[None] for k, v in inputs.items()})[0].double().numpy()
        poses = np.concatenate([poses, paper.joined(poses[-4:], made)])
    wanted = poses[3 : 3 + 77] * network.deviation + network.mean
    motion = Motion(beat_skeleton(), turns[::4], np.zeros((77, 3)), 15.0)
    np.testing.assert_allclose(to_141(motion, wanted), wanted, atol=0.05)


def test_context_beyond_what_it_asks_for_changes_nothing(recording):
    network = tiny()
    a, _ = perform(network, recording)
    b, _ = perform(network, recording, context=100.0)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("hop", [0.05, 0.5, 3.0])
def test_any_hop_gives_every_frame_without_jumps(recording, hop):
    turns, _ = perform(tiny(), recording, hop)
    assert turns.shape == (306, 75, 4)
    bend = np.abs(np.diff(turns, 2, axis=0)).max((1, 2))
    at = np.round(np.arange(hop, 5.0, hop) * 60).astype(int) - 1
    assert bend[at[at < len(bend)]].max() <= bend.max() and np.abs(np.diff(turns, axis=0)).max() < 0.2


def test_sound_words_emotion_face_and_speaker_reach_the_motion(recording):
    network = tiny()
    usual, _ = perform(network, recording)
    others = {
        "sound": replace(recording, sound=recording.sound[::-1].copy()),
        "words": replace(recording, words=()),
        "emotion": replace(recording, emotion=replace(recording.emotion, weights=recording.emotion.weights * 0)),
        "face": replace(recording, face=replace(recording.face, weights=1 - recording.face.weights)),
        "speaker": replace(recording, speaker=Speaker.named("carla")),
    }
    for name, c in others.items():
        assert np.abs(perform(network, c)[0] - usual).max() > 1e-5, name


def test_silence_and_strangers_are_welcome(recording):
    bare = replace(recording, sound=None, words=(), face=None)
    network = tiny()
    state = network.start(Speaker.named("nobody they know"), 0)
    assert state.speaker == network.start(Speaker.named("nobody they know"), 5).speaker < 3
    motion = network.generate(replace(bare, hop_end=1.0), state)
    assert len(motion) == 60 and np.isfinite(motion.rotations).all()


def test_memory_stays_flat(recording):
    network = tiny()
    c = replace(recording, hop_start=0.0, hop_end=2.0)
    state = network.start(c.speaker, 0)
    for k in range(6):
        network.generate(
            replace(c, start=2.0 * k, hop_start=2.0 * k, hop_end=2.0 * k + 2, known_until=2.0 * k + 2.1), state
        )
        assert len(state.poses) <= 40 and len(state.tangents) <= 3 and len(state.face) <= 5


def test_a_checkpoint_comes_back_and_others_are_refused(recording, tmp_path):
    network = tiny()
    weights = {k: v.numpy() for k, v in network.network.state_dict().items()}
    fixed = {"pose.mean": network.mean, "pose.deviation": network.deviation, "face.mean": network.face_mean}
    fixed |= {"face.deviation": network.face_deviation, "rest.root": network.rest.root[0]}
    fixed |= {"rest.rotations": network.rest.rotations[0]}
    save_checkpoint(tmp_path / "a", network.config, weights | fixed)
    again = PublishedCamnNetwork(tmp_path / "a")
    np.testing.assert_array_equal(perform(network, recording)[0], perform(again, recording)[0])

    save_checkpoint(tmp_path / "b", network.config | {"kind": "phones"}, weights | fixed)
    with pytest.raises(FormatError, match="holds a 'phones'"):
        PublishedCamnNetwork(tmp_path / "b")
    save_checkpoint(tmp_path / "c", network.config, {k: v for k, v in (weights | fixed).items() if "hands" not in k})
    with pytest.raises(FormatError, match="does not fit this network"):
        PublishedCamnNetwork(tmp_path / "c")
    config, _ = load_checkpoint(tmp_path / "a")
    del config["speakers"], config["sha256"]
    save_checkpoint(tmp_path / "d", config, weights | fixed)
    with pytest.raises(FormatError, match="speakers"):
        PublishedCamnNetwork(tmp_path / "d")
