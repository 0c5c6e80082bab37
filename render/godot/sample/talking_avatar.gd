# SPDX-License-Identifier: Apache-2.0
# Keys for a GengineAvatar that is this node's child: space says the clip, i interrupts, 1 to 5 change the emotion.
extends Node3D

const EMOTIONS = ["neutral", "happy:0.7", "sad:0.7", "angry:0.7", "surprised:0.7"]

@export var speech: AudioStreamWAV  ## Mono, 16 bit, 16 kHz
@export var avatar: GengineAvatar
var _said := 0


func _ready() -> void:
	avatar.heard.connect(func(message): print(message["type"], " ", message.get("message", "")))


func _unhandled_key_input(event: InputEvent) -> void:
	if not event.is_pressed():
		return
	match event.keycode:
		KEY_SPACE:
			_said += 1
			avatar.say("say %d" % _said, _samples())
		KEY_I:
			avatar.interrupt()
		KEY_L:
			avatar.tell("listen")
		_:
			var k: int = event.keycode - KEY_1
			if k >= 0 and k < EMOTIONS.size():
				avatar.tell("emotion", {"mix": EMOTIONS[k], "fade": 0.5})


func _samples() -> PackedFloat32Array:
	var out := PackedFloat32Array()
	for at in range(0, speech.data.size() - 1, 2):
		out.append(speech.data.decode_s16(at) / 32768.0)
	return out
