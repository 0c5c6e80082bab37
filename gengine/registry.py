"""What exists by name. Adding a thing is one file and one line here; outside packages use entry points."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from gengine.checkpoint import find_checkpoint, read_config
from gengine.errors import FormatError, GengineError, unknown

REGISTRY: dict[str, dict[str, str]] = {
    "face network": {
        "visemes": "gengine.networks.visemes.network:VisemeNetwork",
        "a2m": "gengine.networks.a2m.network:A2mNetwork",
    },
    "body network": {
        "choreographer": "gengine.networks.choreographer.network:Choreographer",
        "camn": "gengine.networks.camn.network:CamnNetwork",
    },
    "training": {
        "a2m": "gengine.training.a2m_task:A2mTraining",
        "camn": "gengine.training.camn_task:CamnTraining",
        "camn-paper": "gengine.training.published_camn_task:PublishedCamnTraining",
        "emotion-embedding": "gengine.training.emotion_embedding_task:EmotionEmbeddingTraining",
        "fgd": "gengine.training.fgd_task:FgdTraining",
        "phone-head": "gengine.training.phone_head_task:PhoneHeadTraining",
        "phones": "gengine.training.phone_task:PhoneTraining",
        "portrait-diffusion": "gengine.training.portrait_diffusion_task:DiffusionTraining",
        "portrait-regressor": "gengine.training.portrait_task:RegressorTraining",
        "text-emotion": "gengine.training.text_emotion:TextEmotionTraining",
        "text-network": "gengine.training.text_network_task:TextNetworkTraining",
        "upper-face": "gengine.training.upper_face_task:UpperFaceTraining",
    },
    "recogniser": {
        "whisper": "gengine.recognition.whisper:Whisper",
        "pocketsphinx": "gengine.recognition.sphinx:PocketSphinx",
    },
    "exporters": {
        "bvh": "gengine.formats.bvh:BvhExporter",
        "csv": "gengine.formats.livelink:LiveLinkExporter",
        "json": "gengine.formats.beat_json:BeatJsonExporter",
        "npz": "gengine.formats.npz:NpzExporter",
        "srt": "gengine.formats.word_files:SrtExporter",
        "words": "gengine.formats.word_files:WordsExporter",
        "textgrid": "gengine.formats.viseme_files:TextGridExporter",
        "visemes": "gengine.formats.viseme_files:VisemesExporter",
        "oculus": "gengine.formats.viseme_files:OculusExporter",
        "azure": "gengine.formats.viseme_files:AzureExporter",
        "moho": "gengine.formats.rhubarb:MohoExporter",
        "rhubarb-tsv": "gengine.formats.rhubarb:RhubarbTsvExporter",
        "rhubarb-json": "gengine.formats.rhubarb:RhubarbJsonExporter",
        "rhubarb-xml": "gengine.formats.rhubarb:RhubarbXmlExporter",
        "rhubarb-dat": "gengine.formats.rhubarb:RhubarbDatExporter",
        "mp4": "gengine.renderers.preview.preview_video:PreviewExporter",
        "avatar": "gengine.renderers.avatar.video:AvatarVideoExporter",
        "portrait": "gengine.portraits.film:PortraitExporter",
        "glb": "gengine.formats.glb:GlbExporter",
        "vrma": "gengine.formats.vrma:VrmaExporter",
        "fbx": "gengine.formats.fbx:FbxExporter",
        "usd": "gengine.formats.usd:UsdExporter",
        "smplx": "gengine.formats.smplx:SmplxExporter",
    },
    "metrics": {},
}

CHECKPOINTS: dict[str, str] = {
    "a2m": "gengine.networks.a2m.network:A2mNetwork",
    "camn": "gengine.networks.camn.network:CamnNetwork",
    "camn-paper": "gengine.networks.camn.published_network:PublishedCamnNetwork",
}
"""Which network runs a checkpoint, by the ``kind`` in its config: so a folder is as good as a name."""

_kept: dict[tuple[str, str], Any] | None = None


def names(kind: str) -> list[str]:
    """Known names of one kind, outside packages included."""
    return [*REGISTRY[kind], *(e.name for e in _entry_points(kind) if e.name not in REGISTRY[kind])]


def known(kind: str, name: str) -> bool:
    """Whether there is such a name; what is installed is searched for none of our own."""
    return name in REGISTRY[kind] or name in names(kind)


def resolve(kind: str, name: str) -> Any:
    """The class registered under ``name``, imported.

    Raises ``GengineError`` for an unknown name, and for an outside package that cannot be imported.
    """
    target = REGISTRY[kind].get(name)
    if target is not None:
        return _import(target)
    for entry in _entry_points(kind):
        if entry.name == name:
            return _load(kind, entry)
    raise unknown(f"{kind}:", name, names(kind))


@contextmanager
def kept() -> Iterator[None]:
    """Networks that are built inside are built once: all that they remember of a recording is in their states."""
    global _kept
    before, _kept = _kept, {}
    try:
        yield
    finally:
        _kept = before


def build(kind: str, name: str) -> Any:
    """A network by its registered name, or by the folder (or bundled name) of a checkpoint that one runs.

    Raises ``GengineError`` where it is neither, and where an outside package's class cannot be built.
    """
    if _kept is None:
        return _build(kind, name)
    if (kind, name) not in _kept:
        _kept[kind, name] = _build(kind, name)
    return _kept[kind, name]


def _build(kind: str, name: str) -> Any:
    """See ``build``."""
    if name in REGISTRY[kind]:  # nothing from outside can stand in for it, so what is installed is not searched
        return resolve(kind, name)()
    if known(kind, name):
        made = resolve(kind, name)
        try:
            return made()
        except GengineError:
            raise
        except Exception as error:
            raise GengineError(f"{kind} '{name}': cannot be built ({_reason(error)}); ask its authors") from error
    try:
        folder = find_checkpoint(name)
    except FormatError:
        raise unknown(f"{kind}:", name, names(kind), "or give the folder of a checkpoint") from None
    config = read_config(folder)
    target = CHECKPOINTS.get(str(config.get("kind")))
    if target is None:
        raise GengineError(
            f"{kind}: the checkpoint {folder} is for '{config.get('kind')}'; expected one for {', '.join(CHECKPOINTS)}"
        )
    return _import(target)(folder)


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _entry_points(kind: str) -> metadata.EntryPoints:
    return metadata.entry_points(group=f"gengine.{kind.replace(' ', '_')}")


def _load(kind: str, entry: metadata.EntryPoint) -> Any:
    """The class of an outside package; one that cannot be imported is a ``GengineError`` that names it."""
    try:
        return entry.load()
    except GengineError:
        raise
    except Exception as error:
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
        raise GengineError(
            f"{kind} '{entry.name}': the package {package} cannot be imported from {entry.value} ({_reason(error)}); "
            "mend or uninstall it"
        ) from error


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
