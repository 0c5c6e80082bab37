"""Which of a video's sound tracks is heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gengine.errors import AudioError

_ISO639 = (
    "ar ara, bg bul, bn ben, ca cat, cs cze ces, da dan, de ger deu, el gre ell, en eng, es spa, et est, eu baq eus, "
    "fa per fas, fi fin, fil, fr fre fra, ga gle, he heb, hi hin, hr hrv, hu hun, id ind, is ice isl, it ita, ja jpn, "
    "ko kor, lt lit, lv lav, ms may msa, nb nob, nl dut nld, no nor, pl pol, pt por, ro rum ron, ru rus, sk slo slk, "
    "sl slv, sq alb sqi, sr srp, sv swe, ta tam, te tel, th tha, tr tur, uk ukr, ur urd, vi vie, zh chi zho cmn"
)
"""Two-letter codes of languages beside the three-letter ones that containers hold (ISO 639-1 and -2)."""

_CODES = {code: names.split()[0] for names in _ISO639.split(", ") for code in names.split()}

_NAMELESS = {"soundhandler", "sound media handler", "core media audio", "iso media file produced by google inc."}
"""What programs write where a track's title could stand, lower case."""


def chosen_track(tracks: Sequence[Any], wanted: int | str | None, name: str) -> tuple[int, list[str]]:
    """Number of the track to hear among PyAV's audio streams, and a note that names all where there are several.

    ``wanted`` is a number from 0, a language ("en", "eng") or a title or a part of one; None means the one marked as
    default, of several the first, passing over tracks marked as commentary or for the blind where others are left.
    """
    about = [_about(track) for track in tracks]
    listed = "; ".join(f"{k} {text}" for k, text in enumerate(about))
    if wanted is not None:
        found = _wanted(tracks, about, wanted)
        if found is None:
            have = "one sound track" if len(tracks) == 1 else f"{len(tracks)} sound tracks"
            raise AudioError(f"--track {wanted}: '{name}' has {have}: {listed}; give a number, language or title")
        return found, []
    best = _default(tracks)
    if len(tracks) == 1:
        return best, []
    return best, [f"'{name}' has {len(tracks)} sound tracks ({listed}); track {best} is heard, --track chooses."]


def _default(tracks: Sequence[Any]) -> int:
    from av.stream import Disposition

    aside = Disposition.comment | Disposition.visual_impaired | Disposition.dub
    marked = [k for k, t in enumerate(tracks) if t.disposition & Disposition.default]
    plain = [k for k, t in enumerate(tracks) if not t.disposition & aside]
    both = [k for k in marked if k in plain]
    return (both or marked or plain or [0])[0]


def _wanted(tracks: Sequence[Any], about: list[str], wanted: int | str) -> int | None:
    text = str(wanted).strip().lower()
    if text.isdecimal() and len(text) < 6:
        return int(text) if int(text) < len(tracks) else None
    code = text.replace("_", "-").split("-")[0]
    code = _CODES.get(code, code)
    for k, track in enumerate(tracks):
        if text and code == _language(track):
            return k
    for match in (lambda title: title == text, lambda title: text in title):
        for k, track in enumerate(tracks):
            if text and (title := _title(track).lower()) and match(title):
                return k
    return None


def _language(track: Any) -> str:
    code = (track.metadata.get("language") or "").lower().replace("_", "-").split("-")[0]
    return "" if code == "und" else _CODES.get(code, code)


def _title(track: Any) -> str:
    for key in ("title", "name", "handler_name"):
        title = (track.metadata.get(key) or "").strip()
        if title and title.lower() not in _NAMELESS:
            return title
    return ""


def _about(track: Any) -> str:
    from av.stream import Disposition

    codec = track.codec_context  # None where this build of FFmpeg does not know the codec
    parts = [_language(track), f"'{_title(track)}'" if _title(track) else "", f"{codec.channels} ch" if codec else ""]
    parts += [word for word, flag in (("default", Disposition.default), ("commentary", Disposition.comment)) if
              track.disposition & flag]  # fmt: skip
    return " ".join(part for part in parts if part)
