# SPDX-License-Identifier: Apache-2.0
# What client and server say to each other, whoever carries it: hello, resume, sound out, frames in. Godot 3 and 4.
const Protocol = preload("protocol.gd")
const Track = preload("track.gd")
const Sound = preload("sound.gd")
const FIRST_PAUSE = 0.25
const LONGEST_PAUSE = 8.0  # seconds between two tries
const LONGEST_SOUND = 16000  # samples of a message

var hello := {}
var face = Track.new()
var body = Track.new()
var sound = Sound.new()
var name = ""  # of the session; empty where there is none
var names := {}
var last_sequence := -1
var sample := 0  # number of the sample that is sent next
var pause := FIRST_PAUSE
var fatal := false  # trying again would not help


# The first message of a connection.
func first_message() -> Dictionary:
	if name == "":
		var out := {"type": "hello", "v": 1}
		for key in hello:
			out[key] = hello[key]
		return out
	var back := {"type": "resume", "v": 1, "session": name, "last_seq": last_sequence}
	if hello.has("token"):
		back["token"] = hello["token"]
	return back


# How long to wait before the next try, seconds.
func next_pause() -> float:
	var now := pause
	pause = min(2.0 * pause, LONGEST_PAUSE)
	return now


# A text message of the server's.
func hear(message: Dictionary) -> void:
	var type = message["type"]
	if type == "welcome":
		if not message["resumed"]:
			last_sequence = -1
		if name != message["session"]:
			face = Track.new()
			body = Track.new()
			sound.reset()
		name = message["session"]
		names = message["names"]
		sample = int(message["sample"])
		sound.rate = int(message["rate"])
		pause = FIRST_PAUSE
	elif type == "started":
		sound.place = [message["at"], int(message["sample"])]
	elif type == "error":
		if message["code"] == "no_session":
			name = ""
		if message.has("retry"):
			pause = max(pause, message["retry"])
		fatal = fatal or message["code"] in ["bad_token", "bad_version"]


# A binary message of the server's.
func take(data) -> void:
	var frames: Dictionary = Protocol.decode(data)
	if frames.size() == 0:
		return
	last_sequence = frames["sequence"]
	(face if frames["kind"] == Protocol.FACE else body).push(frames)


# Messages, each an array of bytes, of mono samples in [-1, 1] that follow those before; `heard` where they are played.
func say(samples, heard: bool) -> Array:
	var out := []
	if heard:
		sound.add(sample, samples)
	var at := 0
	while at < samples.size():
		var piece := []
		for k in range(at, min(at + LONGEST_SOUND, samples.size())):
			piece.append(samples[k])
		out.append(Protocol.encode_sound(piece, sample))
		sample = (sample + piece.size()) & 0xffffffff
		at += piece.size()
	return out


# Break off; the message to send.
func interrupt() -> Dictionary:
	sound.hush()
	return {"type": "interrupt", "played_until": max(0.0, sound.time)}
