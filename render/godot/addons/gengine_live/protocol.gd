# SPDX-License-Identifier: Apache-2.0
# Binary messages of gengine's live protocol, version 1 (render/protocol.md). Runs on Godot 3 and 4.
extends Object

const VERSION = 1
const FACE = 1
const BODY = 2
const SOUND = 16
const DISCONTINUITY = 1
const HEADER = 24
const CURVES = 52


# Frames of a message as a dictionary (kind, flags, sequence, start, fps, frames); empty where it is damaged or foreign.
static func decode(data) -> Dictionary:
	var size: int = data.size()
	if size < HEADER or data[0] != 0x47 or data[1] != 0x45 or data[2] != VERSION:
		return {}
	var kind: int = data[3]
	var count: int = data[18]
	var joints: int = _u16(data, 20)
	var record: int = 64 if kind == FACE else 12 + 8 * joints
	var fps: float = _u16(data, 16) / 100.0
	if (kind != FACE and kind != BODY) or count == 0 or fps <= 0 or size != HEADER + count * record:
		return {}
	var start: float = (_u32(data, 8) + _u32(data, 12) * 4294967296.0) / 1000000.0
	var frames := []
	for i in range(count):
		var at: int = HEADER + i * record
		var frame := {"time": start + i / fps}
		if kind == FACE:
			var weights := []
			for k in range(CURVES):
				weights.append(data[at + k] / 255.0)
			frame["weights"] = weights
			frame["gaze"] = [_s16(data, at + CURVES) / 10000.0, _s16(data, at + CURVES + 2) / 10000.0]
			frame["head"] = _turn(data, at + CURVES + 4)
		else:
			frame["root"] = Vector3(_f32(data, at), _f32(data, at + 4), _f32(data, at + 8))
			var rotations := []
			for j in range(joints):
				rotations.append(_turn(data, at + 12 + 8 * j))
			frame["rotations"] = rotations
		frames.append(frame)
	return {
		"kind": kind, "flags": data[19], "sequence": _u32(data, 4), "start": start, "fps": fps, "frames": frames
	}


# A message of sound as bytes: mono samples in [-1, 1], of which the first is number `first` of the stream.
static func encode_sound(samples, first: int) -> Array:
	var out := [0x47, 0x45, VERSION, SOUND]
	for k in range(4):
		out.append((first >> (8 * k)) & 255)
	for sample in samples:
		var value := int(round(clamp(sample, -1.0, 1.0) * 32767.0)) & 0xffff
		out.append(value & 255)
		out.append(value >> 8)
	return out


static func _u16(data, at: int) -> int:
	return data[at] | (data[at + 1] << 8)


static func _s16(data, at: int) -> int:
	var value := _u16(data, at)
	return value - 65536 if value >= 32768 else value


static func _u32(data, at: int) -> int:
	return _u16(data, at) | (_u16(data, at + 2) << 16)


static func _f32(data, at: int) -> float:
	var bits := _u32(data, at)
	var exponent := (bits >> 23) & 255
	var fraction := float(bits & 0x7fffff) / 8388608.0
	var value := fraction * pow(2.0, -126) if exponent == 0 else (1.0 + fraction) * pow(2.0, exponent - 127)
	return -value if bits & 0x80000000 else value


static func _turn(data, at: int):
	var w := float(_s16(data, at))
	var x := float(_s16(data, at + 2))
	var y := float(_s16(data, at + 4))
	var z := float(_s16(data, at + 6))
	var length := sqrt(w * w + x * x + y * y + z * z)
	return [w / length, x / length, y / length, z / length] if length > 0 else [1.0, 0.0, 0.0, 0.0]
