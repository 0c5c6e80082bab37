"""Compressed avatars give the figure that the plain file gives; without the library the error names what helps."""

from __future__ import annotations

import json
import struct
import warnings
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from gengine.avatars import find_avatar
from gengine.avatars.importing import gltf_compression
from gengine.avatars.importing.gltf_document import GltfDocument
from gengine.errors import FormatError
from gengine.formats.glb import GlbExporter
from tests.avatars.foreign import a_pose, few, foreign, save

DracoPy = pytest.importorskip("DracoPy")
meshoptimizer = pytest.importorskip("meshoptimizer")

Document = dict


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    anna = few(find_avatar("anna"))
    folder = tmp_path_factory.mktemp("figure")
    return save(foreign(anna, lambda name: f"mixamorig:{name}", a_pose(anna)), folder / "plain.glb")


def parts_of(path: Path) -> tuple[Document, bytes]:
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def write(path: Path, document: Document, binary: bytes) -> Path:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += bytes(-len(binary) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary)) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(head + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary)
    return path


def with_meshopt(plain: Path, path: Path, name: str = "EXT_meshopt_compression", fallback: bool = False) -> Path:
    """Every attribute and triangle list of a file compressed as gltfpack and gltf-transform do."""
    document, binary = parts_of(plain)
    packed, views, accessors = bytearray(), document["bufferViews"], document["accessors"]
    lists = {p["indices"] for mesh in document["meshes"] for p in mesh["primitives"]}
    attributes = {a for mesh in document["meshes"] for p in mesh["primitives"] for a in p["attributes"].values()}
    for index in sorted(lists | attributes):
        item = accessors[index]
        view = views[item["bufferView"]]
        start, size = view.get("byteOffset", 0) + item.get("byteOffset", 0), view["byteLength"]
        rows = binary[start : start + size]
        count = item["count"]
        stride = size // count
        if index in lists:
            kind = {2: "<u2", 4: "<u4"}[stride]
            corners = np.frombuffer(rows, kind).astype(np.uint32)
            vertices = int(corners.max()) + 1
            data, mode = bytes(meshoptimizer.encode_index_buffer(corners, count, vertices)), "TRIANGLES"
        elif stride % 4 == 0:
            table = np.frombuffer(rows, np.uint8).reshape(count, stride)
            data, mode = bytes(meshoptimizer.encode_vertex_buffer(table, count, stride)), "ATTRIBUTES"
        else:
            continue
        packed += bytes(-len(packed) % 4)
        about = {"buffer": 0, "byteOffset": len(packed), "byteLength": len(data), "byteStride": stride,
                 "count": count, "mode": mode}  # fmt: skip
        packed += data
        view["extensions"] = {name: about}
    packed += bytes(-len(packed) % 4)
    for view in views:
        if "extensions" not in view:
            start = view.get("byteOffset", 0)
            packed += bytes(-len(packed) % 4)
            view |= {"buffer": 0, "byteOffset": len(packed)}
            packed += binary[start : start + view["byteLength"]]
        else:
            view["buffer"] = 1
    empty = {"byteLength": len(binary), "extensions": {name: {"fallback": True}}}
    if fallback:
        (path.parent / "plain.bin").write_bytes(binary)
        empty["uri"] = "plain.bin"
    document["buffers"] = [{"byteLength": len(packed)}, empty]
    document["extensionsUsed"] = [*document.get("extensionsUsed", []), name]
    if not fallback:
        document["extensionsRequired"] = [name]
    return write(path, document, bytes(packed))


def with_draco(plain: Path, path: Path) -> Path:
    """Every primitive of a file in Draco's own bytes, losslessly for joints, finely for the rest."""
    reader = GltfDocument(plain)
    document, binary = parts_of(plain)
    packed = bytearray(binary)
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            names = {name: reader.rows(index) for name, index in primitive["attributes"].items()}
            faces = reader.rows(primitive["indices"]).reshape(-1, 3)
            generic = {k + 1: rows for k, (name, rows) in enumerate(names.items()) if name != "POSITION"}
            data = DracoPy.encode(
                names["POSITION"], faces, quantization_bits=24, preserve_order=True, generic_attributes=generic
            )
            ids = {name: k + 1 for k, name in enumerate(names) if name != "POSITION"}
            back = DracoPy.decode(data)
            ids["POSITION"] = next(a["unique_id"] for a in back.attributes if a["unique_id"] not in generic)
            packed += bytes(-len(packed) % 4)
            document["bufferViews"].append({"buffer": 0, "byteOffset": len(packed), "byteLength": len(data)})
            packed += data
            view = len(document["bufferViews"]) - 1
            primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": view, "attributes": ids}}
            for index in (primitive["indices"], *primitive["attributes"].values()):
                document["accessors"][index].pop("bufferView", None)
                document["accessors"][index].pop("byteOffset", None)
    document["buffers"] = [{"byteLength": len(packed)}]
    for kind in ("extensionsUsed", "extensionsRequired"):
        document[kind] = [*document.get(kind, []), "KHR_draco_mesh_compression"]
    return write(path, document, bytes(packed))


def turned(triangles: np.ndarray) -> np.ndarray:
    """Triangles that begin with their least vertex: meshopt may turn them."""
    first = triangles.argmin(axis=1)[:, None]
    return np.take_along_axis(triangles, (first + np.arange(3)) % 3, axis=1)


def same_figure(path: Path, plain: Path, within: float) -> None:
    one, other = find_avatar(path), find_avatar(plain)
    assert one.joint_map == other.joint_map and one.morph_names == other.morph_names
    for a, b in zip(one.parts, other.parts, strict=True):
        assert np.array_equal(turned(a.triangles), turned(b.triangles)) and np.array_equal(a.joints, b.joints)
        assert np.abs(a.vertices - b.vertices).max() <= within and np.abs(a.weights - b.weights).max() <= 1e-6
        for d, e in zip(a.morphs.deltas, b.morphs.deltas, strict=True):
            assert np.abs(d - e).max() <= 1e-6


@pytest.mark.parametrize("name", gltf_compression.MESHOPT)
def test_meshopt_is_read(plain: Path, tmp_path: Path, name: str) -> None:
    small = with_meshopt(plain, tmp_path / "a.glb", name)
    assert small.stat().st_size < 0.8 * plain.stat().st_size
    same_figure(small, plain, 0.0)


def test_draco_is_read(plain: Path, tmp_path: Path) -> None:
    same_figure(with_draco(plain, tmp_path / "a.glb"), plain, 1e-5)


@pytest.mark.parametrize("kind", [with_meshopt, with_draco])
def test_an_export_of_a_compressed_file_is_plain_and_whole(kind, plain, tmp_path, make_performance) -> None:
    packed = kind(plain, tmp_path / "a.glb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = GlbExporter.write(make_performance(0.3), tmp_path / "out.glb", avatar=packed)
    document, _ = parts_of(made)
    assert "compression" not in json.dumps(document) and document["animations"][0]["name"] == "performance"
    same_figure(made, plain, 1e-5)
    assert made.stat().st_size < 1.4 * plain.stat().st_size, "the compressed bytes do not stay beside the plain ones"


@pytest.mark.parametrize(("kind", "what"), [(with_meshopt, "meshopt"), (with_draco, "Draco")])
def test_without_the_library_the_error_names_what_helps(kind, what, plain, tmp_path, monkeypatch) -> None:
    packed = kind(plain, tmp_path / "a.glb")
    monkeypatch.setattr(gltf_compression, "find_spec", lambda name: None)
    with pytest.raises(FormatError, match=rf"compressed with {what}: pip install .*\[meshes\].*gltf-transform/cli cp"):
        find_avatar(packed)


def test_a_plain_copy_in_the_file_is_taken_without_the_library(plain, tmp_path, monkeypatch) -> None:
    packed = with_meshopt(plain, tmp_path / "a.glb", fallback=True)
    monkeypatch.setattr(gltf_compression, "find_spec", lambda name: None)
    same_figure(packed, plain, 0.0)


@pytest.mark.parametrize("kind", [with_meshopt, with_draco])
def test_damaged_compression_is_one_line(kind, plain: Path, tmp_path: Path) -> None:
    data = kind(plain, tmp_path / "a.glb").read_bytes()
    text = struct.unpack_from("<I", data, 12)[0]
    rng = np.random.default_rng(0)
    for _ in range(12):
        broken = bytearray(data)
        for place in rng.integers(28 + text, len(data), 40):
            broken[place] = int(rng.integers(256))
        (tmp_path / "bad.glb").write_bytes(broken)
        try:
            find_avatar(tmp_path / "bad.glb")
        except FormatError as error:
            assert "\n" not in str(error)


def test_a_claim_of_many_rows_takes_no_memory(plain: Path, tmp_path: Path) -> None:
    document, binary = parts_of(with_meshopt(plain, tmp_path / "a.glb"))
    squeezed = next(view["extensions"] for view in document["bufferViews"] if "extensions" in view)
    squeezed["EXT_meshopt_compression"]["count"] = 2**40
    with pytest.raises(FormatError, match="too many"):
        find_avatar(write(tmp_path / "b.glb", document, binary))
    assert util.find_spec("meshoptimizer")
