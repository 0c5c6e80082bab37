"""The web viewer: a folder that shows one performance in a browser, and a server for it on this machine."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import mimetypes
import os
import re
import shutil
import threading
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.face import ARKIT_NAMES
from gengine.core.performance import Performance
from gengine.errors import GengineError

KEYED, FAINT, CHANGED = 0.5, 0.08, 0.15
"""Seconds between looks for a keyframe, the strength below which nothing is felt, and the change that makes another
keyframe. Judgement."""

POINTS = 1200
"""Columns of the strip under the picture: more would not be seen."""


def viewer_page(name: str = "index.html") -> Path:
    """A page that was built from ``render/web``, in a source checkout or an installed wheel."""
    package = Path(str(resources.files("gengine")))
    for folder in (package / "render" / "web" / "dist", package.parent / "render" / "web" / "dist"):
        if (folder / name).is_file():
            return folder / name
    raise GengineError("the viewer's page is missing; build it: cd render/web && npm install && npm run build")


def write_viewer(performance: Performance, folder: Path, title: str) -> None:
    """Put the page, the sound and what the strip shows beside an ``avatar.glb`` in ``folder``."""
    import soundfile

    shutil.copyfile(viewer_page(), folder / "index.html")
    soundfile.write(folder / "sound.wav", performance.audio.samples, performance.audio.rate, subtype="PCM_16")
    (folder / "performance.json").write_text(json.dumps(strip_of(performance, title)), "utf-8")


def one_page(folder: Path) -> str:
    """The page of a viewer's folder that holds the other files itself: it opens without a server."""
    held = {
        path.name: f"data:{mimetypes.guess_type(path.name)[0] or 'model/gltf-binary'};base64,"
        + base64.b64encode(path.read_bytes()).decode()
        for path in sorted(folder.iterdir())
        if path.name != "index.html"
    }
    page = (folder / "index.html").read_text("utf-8")
    module = '<script type="module">'
    return page.replace(module, f'<script type="application/json" id="held">{json.dumps(held)}</script>\n{module}', 1)


def strip_of(performance: Performance, title: str) -> dict[str, Any]:
    """What the strip draws: waveform peaks, emotion strengths, ARKit curves, words; at most ``POINTS`` columns."""
    face = performance.face
    curves = _columns(face.weights) if face is not None else np.zeros((0, len(ARKIT_NAMES)))
    emotions = _columns(performance.emotion.weights)
    used = [e for e in range(len(EMOTIONS)) if e and emotions[:, e].max(initial=0) > 0.005]
    start = performance.start
    return {
        "title": title,
        "duration": performance.duration,
        "words": [{"text": w.text, "start": w.start - start, "end": w.end - start} for w in performance.words.words],
        "emotions": {"names": [EMOTIONS[e] for e in used], "values": np.round(emotions[:, used], 3).tolist()},
        "keyframes": keyframes_of(performance.emotion),
        "curves": {
            "names": list(ARKIT_NAMES) if len(curves) else [],
            "values": np.round(curves.T, 3).tolist() if len(curves) else [],
        },
        "wave": np.round(_peaks(performance.audio.samples), 3).tolist(),
    }


def keyframes_of(track: EmotionTrack) -> list[dict[str, Any]]:
    """A timeline to edit that comes near a track: a keyframe, ``{"time", "emotion"}``, wherever what is felt settles on
    something else."""
    step = max(round(KEYED * track.fps), 1)
    strengths = np.asarray(track.weights, float)[step // 2 :: step]
    keys: list[dict[str, Any]] = []
    last = np.zeros(len(EMOTIONS))
    for k, row in enumerate(strengths):
        row = np.where(row >= FAINT, row, 0.0)
        row[0] = 0.0  # neutral is the absence of the others
        if keys and np.abs(row - last).max() < CHANGED:
            continue
        said = "+".join(f"{EMOTIONS[e]}:{row[e]:.2f}" for e in np.argsort(-row) if row[e] > 0)
        keys.append({"time": round(k * step / track.fps, 2), "emotion": said or "neutral"})
        last = row
    return keys or [{"time": 0.0, "emotion": "neutral"}]


def _columns(values: NDArray) -> NDArray:
    """Rows ``(T, D)`` thinned to at most ``POINTS``."""
    index = np.unique(np.linspace(0, max(len(values) - 1, 0), min(len(values), POINTS)).astype(int))
    return np.asarray(values, float)[index[: len(values)]]


def _peaks(samples: NDArray) -> NDArray:
    """Largest magnitude in each of at most ``POINTS`` stretches, the loudest being 1."""
    edges = np.linspace(0, len(samples), min(POINTS, max(len(samples), 1)) + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(np.abs(samples), edges) if len(samples) else np.zeros(1)
    return peaks / max(float(peaks.max()), 1e-6)


PATIENCE = 10.0
"""Seconds after which a connection that says nothing is closed (judgement)."""

GUESTS = 32
"""Connections served at a time: a browser opens six (judgement)."""


_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")
"""One range of bytes; several at once, which a server need not serve, are answered by the whole file."""


class _Part:
    """``length`` bytes of an open file from where it stands."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder, nothing cached and nothing logged, for pages of this address only.

    Any web page may ask the loopback address, and by DNS rebinding under a name of its own read the answer; its
    requests name another host or origin and are refused.
    """

    timeout = PATIENCE
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".glb": "model/gltf-binary"}

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        names = {f"{name}:{self.connection.getsockname()[1]}" for name in ("127.0.0.1", "localhost")}
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host.lower() not in names or (origin is not None and origin.lower() not in {f"http://{n}" for n in names}):
            self.send_error(403, "asked by another page")
            return False
        if "%00" in self.path or "\0" in self.path:
            self.send_error(400, "no such name")
            return False
        return True

    def send_head(self) -> Any:
        """The file, or the range of it that is asked for, by which browsers seek in sound (RFC 9110, section 14)."""
        path = Path(self.translate_path(self.path))
        asked = _RANGE.fullmatch(self.headers.get("Range", "")) if self.command == "GET" else None
        if asked is None or not path.is_file():
            return super().send_head()
        try:
            file = path.open("rb")
        except OSError:
            return super().send_head()
        about = os.fstat(file.fileno())
        changed = self.date_time_string(int(about.st_mtime))
        if self.headers.get("If-Range", changed) != changed:
            file.close()
            return super().send_head()
        size = about.st_size
        first = int(asked[1]) if asked[1] else max(0, size - int(asked[3]))
        last = min(int(asked[2]), size - 1) if asked[2] else size - 1
        if first > last:
            file.close()
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        file.seek(first)
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Last-Modified", changed)
        self.end_headers()
        return _Part(file, last - first + 1)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class _Server(http.server.ThreadingHTTPServer):
    """At most ``GUESTS`` connections at a time; others wait their turn."""

    def __init__(self, *arguments: Any) -> None:
        self._free = threading.BoundedSemaphore(GUESTS)
        super().__init__(*arguments)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        super().process_request(request, client_address)


def serve(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server of ``folder`` on the loopback address; ``port`` 0 takes a free one. Call ``serve_forever``."""
    if not 0 <= port <= 65535:
        raise GengineError(f"--port {port}: is no port; give one from 1 to 65535, or 0 for any")
    try:
        handler = functools.partial(_Handler, directory=str(folder))
        return _Server(("127.0.0.1", port), handler)
    except OSError as error:
        raise GengineError(f"--port {port}: cannot be used ({error.strerror}); give another, or 0 for any") from None
