"""The live server on a Ray cluster, where one machine is not enough: ``serve run gengine.serve.ray_app:app``.

Each replica is a whole server with processes of its own; Ray (2.48 or newer) starts more of them as connections come.
A session lives in its replica: who comes back after a lost connection and reaches another is told ``no_session``, and
says hello anew. The environment says the rest: ``GENGINE_TOKEN`` (which clients must give; TLS ends at the cluster's
ingress), ``GENGINE_WORKERS`` and ``GENGINE_SESSIONS`` of a replica, ``GENGINE_REPLICAS`` at most,
``GENGINE_ORIGINS`` with blanks between. Without a token clients must be on this machine and reach Ray's own port,
``GENGINE_PORT``.
"""

from __future__ import annotations

import os
from typing import Any

from gengine.errors import GengineError, MissingExtraError
from gengine.serve.server import ServeOptions, make_app

try:
    from ray import serve
except ImportError:
    raise MissingExtraError("gengine.serve.ray_app", "ray") from None


def _number(name: str, usual: int) -> int:
    told = os.environ.get(name, str(usual))
    if not told.isdigit() or not int(told):
        raise GengineError(f"{name}={told!r:.40}: expected a number from 1 on")
    return int(told)


PORT = _number("GENGINE_PORT", 8000)
"""Where Ray Serve's proxy listens; 8000 is its custom."""
WORKERS, SESSIONS, REPLICAS = (
    _number(f"GENGINE_{what}", n) for what, n in (("WORKERS", 1), ("SESSIONS", 4), ("REPLICAS", 8))
)
"""Processes of a replica, sessions of a process, and replicas at most."""


def build() -> Any:
    """A replica's application."""
    token = os.environ.get("GENGINE_TOKEN")
    host = "0.0.0.0" if token else "127.0.0.1"
    origins = tuple(os.environ.get("GENGINE_ORIGINS", "").lower().split())
    options = ServeOptions(host, PORT, WORKERS, SESSIONS, token, origins=origins, behind_proxy=True)
    return make_app(options, PORT)


@serve.deployment(
    max_ongoing_requests=2 * WORKERS * SESSIONS,
    ray_actor_options={"num_cpus": WORKERS},
    autoscaling_config={
        "min_replicas": 1, "max_replicas": REPLICAS, "target_ongoing_requests": max(1, WORKERS * SESSIONS - 1),
    },
)  # fmt: skip
@serve.ingress(build)
class Live:
    """Sessions of the live protocol."""


app = Live.bind()  # type: ignore[attr-defined]  the decorators make a deployment of it
