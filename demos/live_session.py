"""Sound in by small chunks, motion out as soon as it is certain: `python demos/live_session.py`.

Here the chunks come from a file; from a microphone it is the same loop.
"""

import time
from pathlib import Path

import gengine
from gengine.inputs.audio import load_audio

CHUNK = 320  # samples: 20 ms at 16 kHz


def main() -> None:
    clip = load_audio(Path(__file__).parent / "speech.wav")
    live = gengine.EngineConfig(hop=0.1, latency=0.4)
    session = gengine.Session(emotion="auto", speaker="conversational", config=live)
    print(f"latency {session.latency:.2f} s of sound, in hops of {session.window.hop} s")
    began, frames, slowest = time.perf_counter(), 0, 0.0
    for start in range(0, len(clip), CHUNK):
        pushed = time.perf_counter()
        part = session.push(clip.samples[start : start + CHUNK])
        slowest = max(slowest, time.perf_counter() - pushed)
        if part is not None and part.motion is not None:
            frames += len(part.motion)  # here a game would pose its character
    rest = session.flush()
    frames += len(rest.motion) if rest is not None and rest.motion is not None else 0
    took = time.perf_counter() - began
    print(f"{frames} body frames of {clip.duration:.1f} s in {took:.2f} s ({clip.duration / took:.0f} x real time)")
    print(f"slowest push {1000 * slowest:.0f} ms")


if __name__ == "__main__":
    main()
