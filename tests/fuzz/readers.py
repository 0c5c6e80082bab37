"""Every reader of what comes from outside, with small whole files that it reads, and how these are made hostile."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from gengine.core.audio import AudioClip
from gengine.errors import GengineError
from tests.fuzz.edits import ARCHIVE, BINARY, FIGURE, JSON, SOUND, TENSORS, TEXT, Edit

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "tests/faults"
WORDS = ROOT / "tests/inputs/faults"


@dataclass(frozen=True)
class Reader:
    """``read`` takes the path of a file that ends in ``suffix``; where there is none it takes the bytes themselves."""

    name: str
    suffix: str
    seeds: Callable[[], list[bytes]]
    edits: list[Edit]
    read: Callable[[Any], Any]
    weight: float = 1.0
    """Its share of the cases: less for those that take long."""


def _text(*samples: str) -> Callable[[], list[bytes]]:
    return lambda: [s.encode() for s in samples]


def _json(*samples: Any) -> Callable[[], list[bytes]]:
    return lambda: [json.dumps(s).encode() for s in samples]


def _made(write: Callable[[Path], Any], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        write(path)
        return path.read_bytes()


@functools.cache
def performance(seconds: float = 0.3) -> Any:
    """A short take with every track."""
    from gengine.core.emotion import EmotionTrack
    from gengine.core.face import FaceTrack
    from gengine.core.motion import Motion
    from gengine.core.performance import Performance
    from gengine.core.skeleton import beat_skeleton
    from gengine.core.words import Phone, Word, WordTrack

    rng = np.random.default_rng(0)
    body, face, mood = round(seconds * 30), round(seconds * 60), round(seconds * 50)
    skeleton = beat_skeleton()
    still = np.tile([1.0, 0, 0, 0], (body, len(skeleton), 1))
    return Performance(
        audio=AudioClip(rng.uniform(-0.3, 0.3, round(seconds * 16000)), 16000),
        words=WordTrack((Word("hi", 0.0, 0.2),), (Phone("HH", 0.0, 0.1, 0), Phone("AY", 0.1, 0.2, 1)), source="given"),
        emotion=EmotionTrack(rng.random((mood, 18)), rng.uniform(-1, 1, (mood, 3)), 50.0),
        motion=Motion(skeleton, still, np.tile([0.0, 0.9, 0.0], (body, 1)), 30.0),
        face=FaceTrack(
            rng.random((face, 52)), np.tile([1.0, 0, 0, 0], (face, 1)), rng.uniform(-0.2, 0.2, (face, 2)), 60.0
        ),
        provenance={"seed": 1, "notes": ["a", None]},
    )


def _exported(format: str, suffix: str, **options: Any) -> Callable[[], list[bytes]]:
    return lambda: [_made(lambda path: performance().export(path, format, **options), suffix)]


@functools.cache
def _tone() -> np.ndarray:
    t = np.arange(4800) / 16000
    return (0.3 * np.sin(2 * np.pi * 220 * t) * np.sin(2 * np.pi * 5 * t)).astype(np.float32)


def _sounds(*formats: tuple[str, str]) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        import soundfile

        made = []
        for kind, subtype in formats:
            buffer = io.BytesIO()
            soundfile.write(buffer, _tone(), 16000, format=kind, subtype=subtype)
            made.append(buffer.getvalue())
        return made

    return make


def _encoded(*formats: tuple[str, str]) -> Callable[[], list[bytes]]:
    """Sound in containers, by FFmpeg."""

    def write(path: Path, codec: str) -> None:
        import av

        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=48000, layout="mono")
            samples = np.repeat(_tone(), 3)
            for at in range(0, len(samples) - 1023, 1024):
                frame = av.AudioFrame.from_ndarray(samples[None, at : at + 1024], format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 48000, at
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))

    return lambda: [_made(functools.partial(write, codec=codec), suffix) for suffix, codec in formats]


def _hear(path: Any) -> Any:
    from gengine.inputs.audio import open_audio

    seconds, peak = 0.0, 0.0
    with open_audio(path) as stream:
        for block in stream:
            seconds += len(block) / 16000
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            assert np.isfinite(block).all()
            if seconds > 600:
                raise AssertionError(f"0.3 s of sound became over {seconds:.0f} s")
    assert peak <= 1
    return seconds


def _transcript(path: Path) -> Any:
    from gengine.inputs.text import read_text

    return read_text(path)


def _synthesised(path: Path) -> Any:
    from gengine.inputs.synthesised import read_sounds

    return read_sounds(path, "Hello there")


def _said(data: bytes) -> Any:
    from gengine.inputs.text import read_text

    return read_text(data.decode("utf-8", "replace"))


def _emotion(data: bytes) -> Any:
    from gengine.emotion import parse_emotion

    return parse_emotion(data.decode("utf-8", "replace"))


def _timeline(path: Path) -> Any:
    from gengine.emotion import parse_emotion

    return parse_emotion(str(path))


def _dialogue(path: Path) -> Any:
    from gengine.inputs.dialogue_script import read_turns

    return read_turns(path)


def _config(path: Path) -> Any:
    from gengine.config import EngineConfig, load_config

    return load_config(EngineConfig, path)


def _training(path: Path) -> Any:
    from gengine.config import read_yaml
    from gengine.training.settings import training_of

    return training_of(read_yaml(path), f"configuration {path}")


def _settings(data: bytes) -> Any:
    from gengine.config import EngineConfig, load_config

    return load_config(EngineConfig, None, data.decode("utf-8", "replace").splitlines())


def _part(data: bytes) -> Any:
    from gengine.inputs.part import Part
    from gengine.inputs.pcm import parsed_raw

    values = _object(data)
    part = Part(**{k: values[k] for k in ("track", "channel", "start", "end", "raw", "rate") if k in values})
    if part.raw is not None:
        parsed_raw(part.raw)
    return part.first


def _object(data: bytes) -> dict[str, Any]:
    """The JSON object that the edits left, or none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _animate(data: bytes) -> Any:
    """The arguments of a whole call."""
    import inspect

    import gengine

    known = set(inspect.signature(gengine.animate).parameters) - {"source", "config", "progress"}
    values = {k: v for k, v in _object(data).items() if k in known}
    if isinstance(values.get("words"), str) and values["words"] not in ("none", "auto"):
        values["words"] = "none"  # a name of the hub would be asked for
    return gengine.animate(AudioClip(_tone(), 16000), **{"words": "none"} | values)


def _session(data: bytes) -> Any:
    """Samples of any type and shape, pushed."""
    session = _open_session()
    kinds = ["<f4", "<f8", "<i2", "<i4", "|u1", "<i8", "<u2", "<f2", "|b1", "<c8", ">i2", ">f4"]
    head, body = data[:3].ljust(3, b"\0"), data[3:2400]
    kind = np.dtype(kinds[head[0] % len(kinds)])
    values = np.frombuffer(body[: len(body) // kind.itemsize * kind.itemsize], kind)
    match head[1] % 8:
        case 0:
            given: Any = body
        case 1:
            given = values.tolist()
        case 2:
            given = values[: len(values) // 2 * 2].reshape(-1, 2)
        case 3:
            given = values[: len(values) // 100 * 100].reshape(-1, 100).T
        case 4:
            given = [values.tolist(), [1]]
        case 5:
            given = [None, "a", {}, object(), 3, values[:, None, None], "abc"][head[2] % 7]
        case _:
            given = values
    with np.errstate(all="ignore"):
        out = session.push(given)
    return out


@functools.lru_cache(maxsize=1)
def _open_session() -> Any:
    from gengine import Session

    return Session()


def _bvh(path: Path) -> Any:
    from gengine.formats.bvh_reader import read_bvh

    return read_bvh(path)


def _stance(path: Path) -> Any:
    from gengine.engine import pose_of

    return pose_of(path)


def _livelink(path: Path) -> Any:
    from gengine.formats.livelink import read_livelink

    return read_livelink(path)


def _beat_json(path: Path) -> Any:
    from gengine.formats.beat_json import read_beat_json

    return read_beat_json(path)


def _take(path: Path) -> Any:
    import gengine

    return gengine.load(path)


def _smplx(path: Path) -> Any:
    from gengine.formats.smplx import read_smplx

    return read_smplx(path)


def _beat2(path: Path) -> Any:
    from gengine.data.beat2 import read_beat2

    return read_beat2(path)


def _beat2_seed() -> list[bytes]:
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    np.savez(
        buffer, poses=rng.normal(0, 0.1, (4, 165)), trans=np.zeros((4, 3)), expressions=np.zeros((4, 100)),
        betas=np.zeros(300), mocap_frame_rate=np.array(30),
    )  # fmt: skip
    return [buffer.getvalue()]


def _figure(path: Path) -> Any:
    from gengine.avatars import find_avatar
    from gengine.core.avatar import check_avatar

    return check_avatar(find_avatar(path))


def _saved_avatar() -> list[bytes]:
    from gengine.avatars import find_avatar
    from gengine.avatars.store import save_avatar

    return [_made(lambda p: save_avatar(find_avatar(FAULTS / "14_control_mixamo.glb"), p, compress=False), ".npz")]


def _heads(kind: str) -> Callable[[], list[bytes]]:
    def make() -> list[bytes]:
        import trimesh

        ball = trimesh.creation.icosphere(subdivisions=1, radius=0.1)
        return [_made(lambda p: ball.export(p), f".{kind}")]

    return make


def _bones(path: Path) -> Any:
    from gengine.core.skeleton import beat_skeleton
    from gengine.retarget.bone_map import read_bones

    return read_bones(path, beat_skeleton().names, beat_skeleton().parents.tolist())


def _bones_seed() -> list[bytes]:
    from gengine.core.skeleton import beat_skeleton

    return [json.dumps({"bones": {n: n for n in beat_skeleton().names[:40]}}).encode()]


def _checkpoint(build: str, data: bytes, part: str) -> Any:
    """A checkpoint whose ``part`` (config or weights) has ``data``, under a true hash."""
    folder = _copies(build)
    if part == "weights":
        (folder / "model.safetensors").write_bytes(data)
        config = json.loads((folder / "whole.json").read_bytes())
        (folder / "config.json").write_text(json.dumps(config | {"sha256": sha256(data).hexdigest()}))
    else:
        shutil.copyfile(folder / "whole.safetensors", folder / "model.safetensors")
        (folder / "config.json").write_bytes(data)
    return _networks()[build](folder)


@functools.cache
def _copies(build: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hostile-checkpoint-"))
    shutil.copyfile(ROOT / "checkpoints" / build / "model.safetensors", folder / "whole.safetensors")
    shutil.copyfile(ROOT / "checkpoints" / build / "config.json", folder / "whole.json")
    return folder


def _networks() -> dict[str, Callable[[Path], Any]]:
    from gengine.encoders.phones import hear
    from gengine.encoders.speech_gate import SpeechGate

    def gate(folder: Path) -> Any:
        made = SpeechGate(folder)
        return made.push(np.zeros(4000, np.float32))

    def camn(folder: Path) -> Any:
        from gengine.networks.camn.network import CamnNetwork

        return CamnNetwork(folder).spec

    def fgd(folder: Path) -> Any:
        from gengine.metrics.fgd import FgdEncoder

        return FgdEncoder.load(folder).reference

    def vision(folder: Path) -> Any:
        from gengine.vision.faces import Faces

        return bool(Faces(folder))

    return {
        "face-vision-v1": vision,
        "phones-v1": lambda folder: hear(np.zeros(4000, np.float32), folder) and 0,
        "phones-v2": lambda folder: hear(np.zeros(4000, np.float32), folder) and 0,
        "speech-gate-v1": gate, "camn-synthetic-v2": camn, "fgd-synthetic-v1": fgd,
    }  # fmt: skip


def _checkpoints() -> list[Reader]:
    found = []
    for name, weight in (("speech-gate-v1", 0.4), ("phones-v1", 0.3), ("phones-v2", 0.05), ("camn-synthetic-v2", 0.05),
                         ("fgd-synthetic-v1", 0.1), ("face-vision-v1", 0.1)):  # fmt: skip
        home = ROOT / "checkpoints" / name
        for part, file, edits in (("config", "config.json", JSON), ("weights", "model.safetensors", TENSORS)):
            found.append(
                Reader(
                    f"checkpoint {name} {part}", "", lambda path=home / file: [path.read_bytes()], edits,
                    functools.partial(lambda data, name, part: _checkpoint(name, data, part), name=name, part=part),
                    weight,
                )
            )  # fmt: skip
    return found


def _pictures() -> list[bytes]:
    from PIL import Image

    noise = Image.effect_noise((16, 12), 80)
    made = []
    for kind, mode in (("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("GIF", "P"), ("TIFF", "RGB"), ("WEBP", "RGB")):
        stream = io.BytesIO()
        noise.convert(mode).save(stream, kind)
        made.append(stream.getvalue())
    return made


def _picture(path: Path) -> Any:
    from gengine.vision.pictures import read_picture

    return read_picture(path).rgb.shape


def _semantic(path: Path) -> Any:
    from gengine.data.annotations import read_semantic

    return read_semantic(path)


def _feelings(path: Path) -> Any:
    from gengine.data.annotations import read_emotion

    return read_emotion(path)


def _mixture(path: Path) -> Any:
    from gengine.data.beat import read_mixture

    return read_mixture(path, 0.4)


def _mixture_seed() -> list[bytes]:
    from gengine.data.beat import write_mixture

    return [_made(lambda path: write_mixture(performance().emotion, path), ".csv")]


def _table(data: bytes) -> Any:
    from gengine.data.recordings import recordings

    folder = _folder("corpus") / "ljspeech"
    folder.mkdir(exist_ok=True)
    (folder / "metadata.tsv").write_bytes(data)
    return recordings(folder, folder / "speech") and 0


@functools.cache
def _folder(name: str) -> Path:
    """A folder of its own for a reader that reads more than one file."""
    return Path(tempfile.mkdtemp(prefix=f"hostile-{name}-"))


def _list(path: Path) -> Any:
    from gengine.data.recordings import recordings

    shutil.copyfile(ROOT / "demos/speech.wav", path.parent / "speech.wav")
    return recordings(path, path.parent / "speech") and 0


def _cache(data: bytes) -> Any:
    """A cache's manifest."""
    return _cached(data, None)


def _shard(data: bytes) -> Any:
    """A cache's shard, whose size the manifest says truly."""
    return _cached(None, data)


def _cached(manifest: bytes | None, shard: bytes | None) -> Any:
    from gengine.data.cache import CachedCorpus

    folder, (whole, rows) = _folder("cache"), _cache_seed()
    shard = rows if shard is None else shard
    about = json.loads(whole)
    about["shards"][0]["bytes"] = len(shard)
    (folder / "cache.json").write_bytes(json.dumps(about).encode() if manifest is None else manifest)
    (folder / about["shards"][0]["file"]).write_bytes(shard)
    return [sequence.performance for sequence in CachedCorpus(folder)]


@functools.cache
def _cache_seed() -> tuple[bytes, bytes]:
    """Manifest and shard of one short sequence."""
    from gengine.data.beat import BeatCorpus, Sequence, write_sequence
    from gengine.data.cache import build_cache

    folder = _folder("sequences")
    write_sequence(Sequence("1_wayne_0_1_1", performance(1.0), np.zeros(30, np.float32), 0), folder / "corpus")
    build_cache(BeatCorpus(folder / "corpus"), folder / "cache")
    manifest = (folder / "cache" / "cache.json").read_bytes()
    return manifest, (folder / "cache" / json.loads(manifest)["shards"][0]["file"]).read_bytes()


def _vectors(path: Path) -> Any:
    from gengine.encoders.word_vectors import read_word_vectors

    return read_word_vectors(path, ["hi", "there", "you"]).vectors


def _state(data: bytes) -> Any:
    from gengine.training.run_folder import RunFolder

    folder = RunFolder(_folder("run"))
    folder.state.parent.mkdir(parents=True, exist_ok=True)
    folder.state.write_bytes(data)
    return folder.read_state() and 0


def _state_seed() -> list[bytes]:
    from safetensors.numpy import save

    return [save({"a": np.ones((2, 3), np.float32)}, {"facts": json.dumps({"step": 3, "identity": {"seed": 1}})})]


def _log(data: bytes) -> Any:
    from gengine.training.run_folder import RunFolder

    folder = RunFolder(_folder("log"))
    folder.log.write_bytes(data)
    return list(folder.lines()) and 0


def _manifest(path: Path) -> Any:
    from gengine.runs import amended

    shutil.copyfile(path, path.parent / "manifest.json")
    return amended(path.parent, {"a.bvh": {"bytes": 1}})


def _name(data: bytes) -> Any:
    """A file's name, given as recording, transcript, timeline, take, figure and stance."""
    import os

    import gengine
    from gengine.avatars import find_avatar
    from gengine.emotion import parse_emotion
    from gengine.engine import pose_of
    from gengine.formats.bvh_reader import read_bvh
    from gengine.inputs.audio import open_audio
    from gengine.inputs.text import read_text

    readers: list[Callable[[Any], Any]] = [
        open_audio, read_text, parse_emotion, gengine.load, find_avatar, pose_of, read_bvh,
    ]  # fmt: skip
    name = os.fsdecode(data[1:3000])
    for read in readers[data[0] % len(readers) :] if data else ():
        with contextlib.suppress(GengineError):
            read(name if read in (read_text, parse_emotion) else Path(name))
    return 0


def _speaker(data: bytes) -> Any:
    from gengine.core.speaker import Speaker

    return Speaker.named(data.decode("utf-8", "replace"))


_SRT = "1\n00:00:00,000 --> 00:00:01,500\nHello, <i>you</i>.\n\n2\n00:00:02,000 --> 00:00:03,000\nBye [music] now\n"
_VTT = (
    "WEBVTT\n\n00:00.000 --> 00:01.500 align:start\n<v Ann>Hello <00:00.500>there</v>\n\n00:02.000 --> 00:03.000\nBye\n"
)
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, "
    "Effect, Text\nDialogue: 0,0:00:00.00,0:00:01.50,Default,,0,0,0,,{\\i1}Hello{\\i0} there\\Nyou\n"
)
_TTML = (
    '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="00:00:00.000" end="00:00:01.500">'
    "Hello<br/>there</p></div></body></tt>"
)
_TEXTGRID = (
    'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 1.5\ntiers? <exists>\nsize = 1\nitem []:\n'
    '    item [1]:\n        class = "IntervalTier"\n        name = "words"\n        xmin = 0\n        xmax = 1.5\n'
    '        intervals: size = 2\n        intervals [1]:\n            xmin = 0\n            xmax = 0.5\n'
    '            text = "hello"\n        intervals [2]:\n            xmin = 0.5\n            xmax = 1.5\n'
    '            text = "there"\n'
)  # fmt: skip
_SHORT_GRID = "\n".join([
    '"ooTextFile"', '"TextGrid"', "0", "1.5", "<exists>", "1", '"IntervalTier"', '"words"', "0", "1.5", "2", "0", "0.5",
    '"hello"', "0.5", "1.5", '"there"', "",
])  # fmt: skip
_WORDS = [{"word": "hi", "start": 0.1, "end": 0.4}, {"word": "there", "start": 0.5, "end": 0.9}]
_SAY = (
    '<speak>Hello <break time="300ms"/> <emphasis level="strong">there</emphasis> '
    '<prosody rate="slow">you</prosody></speak>'
)


def _word_files(suffixes: tuple[str, ...]) -> Callable[[], list[bytes]]:
    return lambda: [p.read_bytes() for p in sorted(WORDS.iterdir()) if p.suffix in suffixes]


def _both(*makers: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    return lambda: [seed for make in makers for seed in make()]


READERS: list[Reader] = [
    Reader("sound wav", ".wav", _sounds(("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"),
                                       ("WAVEX", "PCM_16"), ("RF64", "PCM_16")), SOUND, _hear, 2),
    Reader("sound flac", ".flac", _sounds(("FLAC", "PCM_16")), SOUND, _hear),
    Reader("sound ogg", ".ogg", _sounds(("OGG", "VORBIS")), SOUND, _hear),
    Reader("sound aiff", ".aiff", _sounds(("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16")), SOUND, _hear),
    Reader("sound mp3", ".mp3", _encoded((".mp3", "libmp3lame")), SOUND, _hear, 0.5),
    Reader("sound m4a mkv", ".m4a", _encoded((".m4a", "aac"), (".mkv", "aac")), SOUND, _hear, 0.5),
    Reader("part", "", _json({"track": 0, "channel": "left", "start": "0:01", "end": 2.5, "raw": "s16le:24000:1"},
                             {"rate": 16000, "start": 0.5, "channel": 1}), JSON, _part),
    Reader("words srt", ".srt", _both(_text(_SRT), _word_files((".srt",))), TEXT, _transcript),
    Reader("words vtt", ".vtt", _both(_text(_VTT), _word_files((".vtt",))), TEXT, _transcript),
    Reader("words ass", ".ass", _text(_ASS), TEXT, _transcript),
    Reader("words ttml", ".ttml", _text(_TTML), TEXT, _transcript),
    Reader("words lrc", ".lrc", _text("[ti:A]\n[00:01.00]Hello there\n[00:02.50]<00:02.50>you <00:03.00>too\n"), TEXT,
           _transcript),
    Reader("words textgrid", ".TextGrid", _both(_text(_TEXTGRID, _SHORT_GRID), _word_files((".TextGrid",))), TEXT,
           _transcript),
    Reader("words json", ".json", _both(_json(
        {"language": "en", "words": _WORDS, "phones": [{"phone": "HH", "start": 0.1, "end": 0.15}]},
        {"segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": " Hi there.", "words": _WORDS}], "text": "Hi there."},
        [{"time": 0, "type": "word", "start": 0, "end": 2, "value": "hi"}],
        [{"is_final": True, "channel": {"alternatives": [{"words": _WORDS}]}}, {"type": "Metadata", "duration": 1.0},
         {"is_final": True, "channel": {"alternatives": [{"words": _WORDS}]}}],
        {"text": "Hi there.", "tokens": ["▁Hi", "▁th", "ere."], "timestamps": [0.1, 0.4, 0.6]},
    ), _word_files((".json",))), JSON, _transcript, 2),
    Reader("words csv", ".csv", _text("word,start,end\nhi,0.1,0.4\nthere,0.5,0.9\n"), TEXT, _transcript),
    Reader("words tsv", ".tsv", _text("start\tend\ttext\n0\t1500\tHello there\n"), TEXT, _transcript),
    Reader("words ctm", ".ctm", _text("a 1 0.10 0.30 hi 0.9\na 1 0.50 0.40 there 0.8\n"), TEXT, _transcript),
    Reader("sounds pho", ".pho", _text("; said\n_ 100\nh 60 0 110 100 112\n@U\t140\n_ 200\nD 50\ne@ 150\n"), TEXT,
           _synthesised, 0.3),
    Reader("sounds piper", ".json", _json({"sample_rate": 22050, "phonemes": ["h", "i"], "phoneme_alignments": [
        {"phoneme": p, "phoneme_ids": [3], "num_samples": 900} for p in ("^", "h", "ˈ", "i", "ː", " ", "ð", ".")]}),
        JSON, _synthesised, 0.3),
    Reader("words txt", ".txt", _both(_text("Hello there.\n", "0.5\t1.2\thello\n1.3\t2.0\tthere\n",
                                           "[00:00.000 --> 00:01.000]  Hello there\n", _SAY), _word_files((".txt",))),
           TEXT, _transcript),
    Reader("words given", "", _text("Hello (laughs), 42 of 1,000.50 <break time='1s'/> Dr. Smith at 10:30!", _SAY),
           TEXT, _said),
    Reader("timeline json", ".json", _json([{"time": 0, "emotion": "happy:0.8"}, {"time": "0:02.5", "emotion": "sad",
        "intensity": 0.5}], {"keyframes": [[0, "happy"], [1, "vad:0.1,0.2,0.3"]], "fade": 0.6}), JSON, _timeline),
    Reader("timeline csv", ".csv", _text("time,emotion,intensity\n0,happy:0.8,\n2.5,angry,0.5\n"), TEXT, _timeline),
    Reader("timeline srt", ".srt", _text("00:00:00,000 --> 00:00:03,000\nhappy:0.7\n"), TEXT, _timeline),
    Reader("dialogue", ".json", _json({"sound": "talk.wav",
        "people": [{"name": "Anna", "channel": 0, "nods": False}, "Ben"],
        "turns": [{"who": "Anna", "start": 0, "end": 2.5, "text": "Hello!", "emotion": "happy:0.5"},
                  {"who": "Ben", "sound": "ben.wav"}]}), JSON, _dialogue),
    Reader("emotion", "", _text("happy:0.6+surprised:0.3", "vad:0.5,-0.2,0.1", "wistful"), TEXT, _emotion),
    Reader("speaker", "", _text("storyteller", "12", "wayne"), TEXT, _speaker),
    Reader("configuration", ".yaml", _text("hop: 0.5\nbody_fps: 30\ncalm: 0.2\nface: visemes\n"), TEXT, _config),
    Reader("training", ".yaml", lambda: [p.read_bytes() for p in sorted((ROOT / "configs/train").glob("*.yaml"))], TEXT,
           _training),
    Reader("--set", "", _text("hop=0.5\nbody_fps=3e1\ncalm=0.1", "face=visemes\nbody=choreographer"), TEXT, _settings),
    Reader("bvh", ".bvh", lambda: [(FAULTS / "16a_mixamo_stance.bvh").read_bytes()], TEXT, _bvh),
    Reader("stance", ".bvh", lambda: [(FAULTS / "16a_mixamo_stance.bvh").read_bytes()], TEXT, _stance),
    Reader("live link", ".csv", _exported("csv", ".csv"), TEXT, _livelink),
    Reader("beat json", ".json", _exported("json", ".json"), JSON, _beat_json, 0.5),
    Reader("take", ".npz", _exported("npz", ".npz"), ARCHIVE, _take, 2),
    Reader("stance of a take", ".npz", _exported("npz", ".npz"), ARCHIVE, _stance, 0.5),
    Reader("smplx", ".npz", _exported("smplx", ".npz"), ARCHIVE, _smplx),
    Reader("beat2", ".npz", _beat2_seed, ARCHIVE, _beat2),
    Reader("avatar", ".npz", _saved_avatar, ARCHIVE, _figure, 0.7),
    Reader("glb", ".glb", lambda: [(FAULTS / f).read_bytes() for f in ("15_normal_map_and_visemes.glb",
           "14_control_mixamo.glb", "14b_vroid_jbip_rig.glb")], FIGURE, _figure, 1.5),
    Reader("vrm", ".vrm", lambda: [(FAULTS / "14b_vroid_jbip_rig.glb").read_bytes()], FIGURE, _figure, 0.5),
    Reader("head obj", ".obj", _heads("obj"), TEXT, _figure, 0.5),
    Reader("head ply", ".ply", _heads("ply"), BINARY, _figure, 0.5),
    Reader("head stl", ".stl", _heads("stl"), BINARY, _figure, 0.5),
    Reader("bones", ".json", _bones_seed, JSON, _bones),
    Reader("picture", ".png", _pictures, BINARY, _picture),
    *_checkpoints(),
    Reader("gestures", ".txt", _text("01_deictic_l\t0.5\t1.2\t0.7\t0.4\tthere\n02_beat_align\t2\t3\t1\t0.1\n"), TEXT,
           _semantic),
    Reader("feelings", ".csv", _text("0_neutral,0.0,2.0,2.0,0\n3_sad,2.0,4.0,2.0,3\n"), TEXT, _feelings),
    Reader("mixture", ".csv", _mixture_seed, TEXT, _mixture),
    Reader("corpus table", "", _text("id\tseconds\ttext\nLJ001\t3.2\tHello there\nLJ002\t1.5\tBye\n"), TEXT, _table),
    Reader("cache", "", lambda: [_cache_seed()[0]], JSON, _cache, 0.3),
    Reader("cache shard", "", lambda: [_cache_seed()[1]], ARCHIVE, _shard, 0.3),
    Reader("corpus list", ".txt", _text("# a list\nspeech.wav\tHello there\n"), TEXT, _list, 0.5),
    Reader("word vectors", ".vec", _text("3 4\nhi 0.1 0.2 0.3 0.4\nthere 1 2 3 4\nyou -1 0 1e-3 2\n"), TEXT, _vectors),
    Reader("training state", "", _state_seed, TENSORS, _state),
    Reader("training log", "", _text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n'), JSON + TEXT, _log),
    Reader("manifest", ".json", _json({"gengine": "0", "files": {"a": {"sha256": "0", "bytes": 3}}}), JSON, _manifest),
    Reader("session", "", lambda: [bytes([k, j, 0]) + _tone()[:500].tobytes() for k in range(12) for j in (0, 2, 5, 6)],
           BINARY, _session, 0.5),
    Reader("animate", "", _json({"emotion": "happy:0.5", "text": "hello there", "speaker": "orator", "seed": 3,
        "intensity": 1.0, "fps": 30.0, "face_fps": 60.0, "language": "en", "body": "choreographer", "calm": 0.2,
        "strict": False, "channel": 0, "start": 0.0, "end": 0.25, "stance": None, "tier": None, "raw": None,
        "rate": None, "track": None, "words": "none"}), JSON[:4], _animate, 0.1),
    Reader("names", "", _text("aspeech.wav", "b../x.srt", "c/dev/null", "d/proc/self/mem", "elist.m3u8", "f/", "g~/a"),
           TEXT, _name),
]  # fmt: skip
"""All of them; what is given as text or values, and names no file, has no suffix."""
