# SPDX-License-Identifier: Apache-2.0
# The clock of everything: samples are played at their session time, and what is shown follows them. Godot 3 and 4.
const CUSHION = 0.06  # seconds of frames that are kept ahead of what is shown
const STEP = 0.02  # how much the cushion grows each time that frames came too late
const LARGEST = 0.4
const SLACK = 0.1  # seconds that may be ahead besides before time hurries
const HURRY = 0.05  # how much faster it runs then

var time := -1.0  # session time of the next sample; -1 before there are frames
var stalls := 0  # how often frames came too late
var rate := 16000
var chunks := []  # [number of the first sample, samples]
var place = null  # [session time, number of a sample]
var cushion := CUSHION
var _moving := false


func reset() -> void:
	hush()
	time = -1.0
	cushion = CUSHION


# Silence at once.
func hush() -> void:
	chunks = []
	place = null


func add(first: int, samples) -> void:
	chunks.append([first, samples])


# The next `count` samples for an output at `output_rate` Hz, where frames are there from `first` to `end` s.
func read(count: int, output_rate: float, first: float, end: float) -> Array:
	var out := []
	if time < 0.0 and end - first >= cushion:
		time = end - cushion
	var ahead := end - time
	var quiet: bool = chunks.size() == 0 or place == null or _start(chunks[0]) > time
	var pace := 1.0
	if quiet and ahead > cushion + SLACK:
		pace += HURRY + (ahead if ahead > 1.0 else 0.0)
	for i in range(count):
		if time < 0.0 or time >= end:  # frames are late: the sound waits
			if _moving:
				stalls += 1
				cushion = min(cushion + STEP, LARGEST)
			_moving = false
			out.append(0.0)
			continue
		_moving = true
		out.append(_sample())
		time += pace / output_rate
		if time > end:  # min() of Godot 3 rounds to single precision
			time = end
	return out


func _start(chunk) -> float:
	var ahead: int = (chunk[0] - place[1]) & 0xffffffff
	return place[0] + (ahead - 4294967296 if ahead >= 2147483648 else ahead) / float(rate)


# The sample of this moment, between its two neighbours.
func _sample() -> float:
	while chunks.size() > 0 and place != null:
		var at := (time - _start(chunks[0])) * rate
		if at < 0.0:
			return 0.0
		var samples = chunks[0][1]
		var k := int(at)
		if k >= samples.size():
			chunks.pop_front()
			continue
		var next: float = 0.0
		if k + 1 < samples.size():
			next = samples[k + 1]
		elif chunks.size() > 1:
			next = chunks[1][1][0]
		return samples[k] + (next - samples[k]) * (at - k)
	return 0.0
