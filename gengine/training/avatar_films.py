"""Films of the project's avatars that say one sentence under one emotion after the other, in MEAD's layout, so that
every training of the portrait's mouth reads them: the same sentence, frame by frame, is shown under every emotion.

    python -m gengine.training.avatar_films --speech $GENGINE_DATA/kathleen/flac --out runs/avatar-films

``<avatar>/video/front/<emotion>/level_3/<sentence>.mp4``, the neutral one in ``level_1``; 256 px, 25 Hz, with the
sound. The speech may be any folder of recordings; each avatar says others. Needs the extra ``render``.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import gengine
from gengine.avatars import avatar_names, load_avatar
from gengine.core.placing import whole
from gengine.data.films import MEAD
from gengine.errors import GengineError
from gengine.renderers.avatar.renderer import AvatarRenderer
from gengine.renderers.video_writer import VideoWriter

log = logging.getLogger(__name__)

FPS, SIDE = 25.0, 256
"""As GRID's films: Hz, px."""
SOUNDS = (".flac", ".wav", ".mp3")
QUALITY = 12
"""Of x264: the edges of teeth are what is learned (judgement)."""
WALLS = (
    (104, 84, 52),
    (98, 56, 52),
    (44, 88, 92),
    (50, 66, 96),
    (120, 120, 116),
    (60, 72, 58),
    (90, 80, 96),
    (70, 70, 72),
)
"""Behind each avatar (sRGB)."""


def film(avatar: str, sound: Path, emotion: str, seconds: float, wall: tuple[int, int, int], path: Path) -> int:
    """Write one film, and say how many frames it has. Every emotion has as many, and the same sound."""
    performance = gengine.animate(sound, emotion=emotion, text="none", seed=1).slice(0, seconds)
    renderer = AvatarRenderer(load_avatar(avatar), (SIDE, SIDE), "portrait", wall, yaw=0.0, backend="soft")
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, path.suffix) as part:
        writer = VideoWriter(part, FPS, (SIDE, SIDE), crf=QUALITY, name=path)
        try:
            writer.add_sound(performance.audio)
            for frame in renderer.frames(performance, FPS):
                writer.add_frame(frame)
                count += 1
        except BaseException:
            writer.abort()
            raise
        writer.close()
    renderer.close()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--out", type=Path, default=Path("runs/avatar-films"))
    parser.add_argument("--names", default=",".join(avatar_names()))
    parser.add_argument("--emotions", default=",".join(MEAD), help="in MEAD's words")
    parser.add_argument("--sentences", type=int, default=2, help="each avatar says so many")
    parser.add_argument("--seconds", type=float, default=1.6, help="of each sentence")
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    sounds = sorted(p for p in args.speech.rglob("*") if p.suffix.lower() in SOUNDS)
    names = args.names.split(",")
    if len(sounds) < args.sentences * len(names):
        raise GengineError(f"--speech {args.speech}: {len(sounds)} recordings, {args.sentences * len(names)} are said")
    for k, name in enumerate(names):
        for sound in sounds[k * args.sentences : (k + 1) * args.sentences]:
            for emotion in args.emotions.split(","):
                level = "level_1" if MEAD[emotion] == "neutral" else "level_3"
                path = args.out / name / "video" / "front" / emotion / level / f"{sound.stem}.mp4"
                if not path.is_file():
                    count = film(name, sound, MEAD[emotion], args.seconds, WALLS[k % len(WALLS)], path)
                    log.info("%s: %d frames", path, count)


if __name__ == "__main__":
    main()
