# SPDX-License-Identifier: Apache-2.0
# Frames of one kind by session time: what is between two of them, and a smooth way over gaps. Runs on Godot 3 and 4.
const KEPT = 1.0  # seconds of frames that are kept behind what is shown
const BLEND = 0.4  # seconds in which a gap is blended over

var frames := []
var shown = null
var from = null
var since := 0.0
var gap := INF


func first() -> float:
	return INF if frames.size() == 0 else frames[0]["time"]


func end() -> float:
	return -INF if frames.size() == 0 else frames[frames.size() - 1]["time"]


# Take what `protocol.decode` gave.
func push(message: Dictionary) -> void:
	if message["flags"] & 1:
		while frames.size() > 0 and end() >= message["start"]:
			frames.pop_back()
		gap = message["start"]
	for frame in message["frames"]:
		if frame["time"] > end():
			frames.append(frame)


# The frame of a session time; null before anything came.
func at(time: float):
	var k := frames.size() - 1
	if k < 0:
		return shown
	while k > 0 and frames[k]["time"] > time:
		k -= 1
	var pose = frames[k]
	if k + 1 < frames.size() and time > pose["time"]:
		var next = frames[k + 1]
		pose = mix(pose, next, (time - pose["time"]) / (next["time"] - pose["time"]))
	if time >= gap:
		from = shown
		since = time
		gap = INF
	var share := (time - since) / BLEND
	if from != null and share >= 0.0 and share < 1.0:
		pose = mix(from, pose, share * share * (3.0 - 2.0 * share))
	else:
		from = null
	while frames.size() > 1 and k > 0 and frames[0]["time"] < time - KEPT:
		frames.pop_front()
		k -= 1
	shown = pose
	return pose


static func mix(a: Dictionary, b: Dictionary, share: float) -> Dictionary:
	var out := {"time": a["time"] + (b["time"] - a["time"]) * share}
	for name in ["weights", "gaze"]:
		if b.has(name):
			var mixed := []
			for k in range(b[name].size()):
				mixed.append(a[name][k] + (b[name][k] - a[name][k]) * share)
			out[name] = mixed
	if b.has("root"):
		out["root"] = a["root"] + (b["root"] - a["root"]) * share
	if b.has("head"):
		out["head"] = arc(a["head"], b["head"], share)
	if b.has("rotations"):
		var turns := []
		for j in range(b["rotations"].size()):
			turns.append(arc(a["rotations"][j], b["rotations"][j], share))
		out["rotations"] = turns
	return out


# The shorter arc between two unit quaternions [w, x, y, z].
static func arc(a, b, share: float):
	var dot: float = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
	var other := -share if dot < 0.0 else share
	var out := []
	var sum := 0.0
	for k in range(4):
		out.append(a[k] * (1.0 - share) + b[k] * other)
		sum += out[k] * out[k]
	var scale := 1.0 / sqrt(sum) if sum > 0.0 else 0.0
	for k in range(4):
		out[k] *= scale
	return out
