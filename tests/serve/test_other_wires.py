"""VMC and Live Link packets, as decoders of others read them."""

from __future__ import annotations

import socket
import struct

import numpy as np
import pytest

from gengine.core import rotation
from gengine.core.face import ARKIT_NAMES
from gengine.core.performance import Performance
from gengine.errors import GengineError
from gengine.retarget.humanoid import to_humanoid
from gengine.serve import wire
from gengine.serve.livelink_udp import LiveLinkPacker
from gengine.serve.relay import Relay, place_of
from gengine.serve.vmc import DATAGRAM, VmcPacker


def osc(data: bytes) -> list[tuple[str, list]]:
    """Messages of a bundle, by the text of OSC 1.0."""

    def text(at: int) -> tuple[str, int]:
        end = data.index(0, at)
        return data[at:end].decode(), (end // 4 + 1) * 4

    assert data[:8] == b"#bundle\0" and data[8:16] == bytes(7) + b"\1"
    at, out = 16, []
    while at < len(data):
        size = struct.unpack_from(">i", data, at)[0]
        end = at + 4 + size
        address, at = text(at + 4)
        types, at = text(at)
        values = []
        for kind in types[1:]:
            if kind == "s":
                value, at = text(at)
            else:
                value, at = struct.unpack_from(f">{kind}", data, at)[0], at + 4
            values.append(value)
        assert at == end
        out.append((address, values))
    return out


def test_vmc_says_what_the_frame_holds(teacher: Performance) -> None:
    body, face = to_humanoid(teacher.motion[40:41], "unity"), teacher.face[80:81]
    packer = VmcPacker(body.skeleton)
    packer.pack(0.0, np.zeros(3), np.ones((len(body.skeleton), 4)), np.ones(52))  # nothing of it may stay
    datagrams = packer.pack(1.5, body.root[0], body.rotations[0], face.weights[0])
    assert all(len(d) <= DATAGRAM for d in datagrams)
    messages = [m for d in datagrams for m in osc(d)]
    assert messages[0] == ("/VMC/Ext/OK", [1]) and messages[1] == ("/VMC/Ext/T", [1.5])
    assert messages[-1] == ("/VMC/Ext/Blend/Apply", [])
    bones = {v[0]: v[1:] for a, v in messages if a == "/VMC/Ext/Bone/Pos"}
    assert list(bones) == list(body.skeleton.names) and "LeftThumbIntermediate" in bones
    assert bones["Hips"][:3] == pytest.approx((body.root[0] * [-1, 1, 1]).tolist(), abs=1e-6)
    # the left upper arm points to -x in Unity, and turns back into ours when it is mirrored
    j = body.skeleton.index("LeftLowerArm")
    assert bones["LeftLowerArm"][0] == pytest.approx(-body.skeleton.offsets[j][0], abs=1e-6)
    x, y, z, w = bones["LeftLowerArm"][3:]
    assert [w, x, -y, -z] == pytest.approx(body.rotations[0, j].tolist(), abs=1e-6)
    blends = dict(v for a, v in messages if a == "/VMC/Ext/Blend/Val")
    assert blends == pytest.approx(dict(zip(ARKIT_NAMES, face.weights[0].tolist(), strict=True)), abs=1e-6)


def test_live_link_packets(teacher: Performance) -> None:
    face = teacher.face[80:81]
    data = LiveLinkPacker("Ann", 60).pack(61.5, face)
    assert struct.unpack_from("<I", data)[0] == 6 and data[4:5] == b"$" and len(data[5:41].split(b"-")) == 5
    size = struct.unpack_from(">i", data, 41)[0]
    assert data[45 : 45 + size] == b"Ann"
    frame, part, fps, denominator, count = struct.unpack_from(">IfIIB", data, 45 + size)
    assert (frame, part, fps, denominator, count) == (3690, 0.0, 60, 1, 61)
    values = np.frombuffer(data[45 + size + 17 :], ">f4")
    assert len(values) == 61 and np.abs(values[:52] - face.weights[0]).max() < 1e-6
    yaw, pitch, roll = rotation.to_euler(face.head.astype(float), "YXZ")[0]
    assert values[52:55] == pytest.approx([-yaw, pitch, -roll], abs=1e-6)
    assert values[55] - values[58] == pytest.approx(2 * face.convergence[0], abs=1e-5)  # eyes that converge
    with pytest.raises(GengineError, match="subject"):
        LiveLinkPacker("")


def test_pylivelinkface_reads_the_packet(teacher: Performance) -> None:
    module = pytest.importorskip("pylivelinkface")
    found, told = module.PyLiveLinkFace.decode(LiveLinkPacker("Ann", 60).pack(1.0, teacher.face[80:81]))
    assert found and told.name == "Ann" and told.fps == 60
    jaw = told.get_blendshape(module.FaceBlendShape.JawOpen)
    assert jaw == pytest.approx(float(teacher.face.channel("jawOpen")[80]), abs=1e-6)


def test_a_relay_sends_each_frame_at_its_time(teacher: Performance) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        relay = Relay(to_livelink=f"127.0.0.1:{receiver.getsockname()[1]}")
        assert relay.tick(10.0) == 0
        for start in (0, 12):
            relay.take("a", wire.encode(teacher.face[start : start + 12], start / 60)[0])
            relay.take("a", wire.encode(teacher.motion[start // 2 : start // 2 + 6], start / 60)[0])
        seen = []
        for k in range(6):
            assert relay.tick(10.0 + k / 30) == 1
            seen.append(np.frombuffer(receiver.recv(2000)[-244:], ">f4")[:52])
        first = round((23 / 60 - 0.1) * 60)
        for k, weights in enumerate(seen[:4]):
            assert np.abs(weights - teacher.face.weights[first + 2 * k]).max() < 0.01
        for wrong in ("", "host:", "host:99999", ":5"):
            with pytest.raises(GengineError, match="receiver"):
                place_of(wrong, 39539)
        assert place_of("host", 39539) == ("host", 39539)
