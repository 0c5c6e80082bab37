"""The container file, followed by hand where no container can be built: its files, its user, no HOME, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "Containerfile"
NOBODY = "65534"
TOKEN = "a token of twenty-four."


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of the file's lines."""
    text = FILE.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(None, 1)[1]) for line in lines]


def of(kind: str) -> str:
    """What the last instruction of a kind says."""
    return [rest for name, rest in instructions() if name == kind][-1]


def test_the_file_copies_what_is_there() -> None:
    for name, rest in instructions():
        if name == "COPY":
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that anybody may read: pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("GENGINE_SLOW") != "1", reason="GENGINE_SLOW=1 installs gengine anew")
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="needs root, unshare and setpriv",
)
def test_its_steps_make_a_server(place: Path) -> None:
    user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
    pythons = [os.path.realpath(sys.executable), "/usr/bin/python3"]
    can = [p for p in pythons if not subprocess.run([*user, p, "-c", ""], capture_output=True, check=False).returncode]
    if not can:
        pytest.skip("another user can run no Python here")
    python, app, venv = can[0], place / "app", place / "venv"
    for name, rest in instructions():
        if name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    (app / target).mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / source, app / target)
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True)
    install = next(rest for name, rest in instructions() if name == "RUN" and "pip install" in rest)
    pip = f"{sys.executable} -m pip --python {venv}/bin/python install"
    command = ["bash", "-c", install.replace("pip install", pip)]
    subprocess.run(command, cwd=app, check=True, capture_output=True, timeout=900)

    about = {
        "serve": [*json.loads(of("ENTRYPOINT")), *json.loads(of("CMD"))], "stop": of("STOPSIGNAL"),
        "check": json.loads(of("HEALTHCHECK").split("CMD ")[1]), "user": NOBODY,
        "environment": {"PATH": f"{venv}/bin:/usr/bin:/bin", "GENGINE_TOKEN": TOKEN}
        | dict(rest.split("=", 1) for name, rest in instructions() if name == "ENV"),
    }  # fmt: skip
    driver = ["unshare", "-n", sys.executable, "-c", INSIDE, json.dumps(about)]
    done = subprocess.run(driver, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told, ended = (json.loads(line) for line in done.stdout.splitlines())
    assert told["places"] == 8 and ended == {"healthy": True, "code": 0, "left": []}


INSIDE = """
import fcntl, json, os, signal, socket, struct, subprocess, sys, time
about = json.loads(sys.argv[1])
with socket.socket() as s:  # the loopback comes up: SIOCSIFFLAGS, IFF_UP
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
user = ["setpriv", "--reuid", about["user"], "--regid", about["user"], "--clear-groups"]
given = {"env": about["environment"], "cwd": "/"}
server = subprocess.Popen([*user, *about["serve"]], stdout=subprocess.PIPE, text=True, **given)
print(server.stdout.readline().strip(), flush=True)
until, healthy = time.monotonic() + 60, False
while not healthy and time.monotonic() < until:
    healthy = not subprocess.run([*user, *about["check"]], capture_output=True, **given).returncode
server.send_signal(getattr(signal, about["stop"]))
code = server.wait(60)
until, owned = time.monotonic() + 5, ["?"]  # its helpers end when they see that it has
while owned and time.monotonic() < until:
    owned = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat("/proc/" + pid).st_uid == int(about["user"]):
                owned.append(open("/proc/" + pid + "/cmdline").read())
        except OSError:
            pass
    time.sleep(0.1)
print(json.dumps({"healthy": healthy, "code": code, "left": owned}))
"""
"""What happens in the namespace without a network: serve, look whether it is healthy, stop."""
