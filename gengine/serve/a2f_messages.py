"""Messages of Audio2Face-3D's gRPC service, made from the table of their fields (``data/a2f_messages.csv``).

Made at run time, they need no compiler, fit every protobuf, and live beside NVIDIA's own classes in one process.
"""

from __future__ import annotations

from typing import Any

from gengine.core.constants import read_table
from gengine.errors import MissingExtraError

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
except ImportError:
    raise MissingExtraError("gengine serve --a2f", "a2f") from None

_SERVICES = "com.nvidia.ace.services.audio2face_3d.v1."
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {name.removeprefix("TYPE_").lower(): number for name, number in _FIELD.Type.items()}


def _classes() -> dict[str, Any]:
    """Message classes by their whole name."""
    rows = read_table("gengine.serve", "a2f_messages")
    names = list(dict.fromkeys(row["message"] for row in rows))
    files: dict[str, Any] = {}
    for name in names:  # a package, a file
        package = name.rpartition(".")[0]
        files.setdefault(package, descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax="proto3"))
    for k, (package, file) in enumerate(files.items()):
        file.dependency.extend(list(files)[:k])  # the table has what is used before what uses it
        for name in names:
            if name.rpartition(".")[0] == package:
                _describe(file.message_type.add(name=name.rpartition(".")[2]), name, rows)
    pool = descriptor_pool.DescriptorPool()
    for file in files.values():
        pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names}


def _describe(message: Any, name: str, rows: list[dict[str, str]]) -> None:
    """Add the fields of message ``name``."""
    for row in rows:
        if row["message"] != name or not row["field"]:
            continue
        many = row["rule"] == "many"
        field = message.field.add(
            name=row["field"], number=int(row["number"]), label=_FIELD.LABEL_REPEATED if many else _FIELD.LABEL_OPTIONAL
        )
        kind = row["type"].removeprefix("map ")
        if kind != row["type"]:
            entry = message.nested_type.add(name="".join(p.capitalize() for p in row["field"].split("_")) + "Entry")
            entry.options.map_entry = True
            for number, (key, scalar) in enumerate((("key", "string"), ("value", kind)), 1):
                entry.field.add(name=key, number=number, label=_FIELD.LABEL_OPTIONAL, type=_SCALARS[scalar])
            kind = f"{name}.{entry.name}"
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{kind}"
        if row["rule"] == "choice":
            if not message.oneof_decl:
                message.oneof_decl.add(name="stream_part")
            field.oneof_index = 0
        elif row["rule"] == "maybe":
            field.oneof_index, field.proto3_optional = len(message.oneof_decl), True
            message.oneof_decl.add(name=f"_{row['field']}")


_made = _classes()
Request: Any = _made[_SERVICES + "AudioWithEmotionStream"]
"""What a client sends: a header, then sound with emotions, then the end of the sound."""
Reply: Any = _made[_SERVICES + "A2F3DAnimationDataStream"]
"""What it gets: a header, animation data, an event at the end, and a status."""
