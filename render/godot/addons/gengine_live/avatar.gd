# SPDX-License-Identifier: Apache-2.0
# A character that talks (Godot 4): plays what it says and moves with it, face and body.
class_name GengineAvatar
extends Node3D

signal heard(message: Dictionary)  # text messages of the server: welcome, started, ended, interrupted, spoken, error …

const Session = preload("session.gd")
const BUFFER = 0.1  # seconds of sound that the sound card holds

@export var address := "ws://127.0.0.1:8470/live"
@export var token := ""
@export var emotion := "neutral"  ## For example happy:0.6
@export_range(0.0, 1.0) var calm := 0.0  ## How much smaller and rarer its movement is
@export var microphone := false  ## Take the microphone; else it says what say() is given
@export var skeleton: Skeleton3D
@export var bones := {}  ## Joint of SkeletonProfileHumanoid to bone, where names differ

var session = Session.new()
var missing: Array[String] = []  # joints without a bone
var _socket := WebSocketPeer.new()
var _wait := 0.0
var _greeted := false
var _player := AudioStreamPlayer.new()
var _capture: AudioEffectCapture
var _joints := {}  # bone to joint
var _order: Array[int] = []  # bones, parents before children
var _shapes := []  # [mesh, index of the shape, curve]
var _scale := 1.0


func _ready() -> void:
	var rate := 16000
	if microphone:
		rate = int(AudioServer.get_mix_rate())
		_listen()
	session.hello = {
		"source": "microphone" if microphone else "speech", "audio": {"rate": rate}, "emotion": emotion,
		"skeleton": "godot", "calm": calm,
	}
	if token != "":
		session.hello["token"] = token
	var stream := AudioStreamGenerator.new()
	stream.mix_rate = AudioServer.get_mix_rate()
	stream.buffer_length = BUFFER
	_player.stream = stream
	add_child(_player)
	_player.play()
	_socket.inbound_buffer_size = 1 << 20
	_socket.connect_to_url(address)


func _listen() -> void:
	var bus := AudioServer.bus_count
	AudioServer.add_bus(bus)
	AudioServer.set_bus_name(bus, "gengine microphone")
	AudioServer.set_bus_mute(bus, true)
	_capture = AudioEffectCapture.new()
	AudioServer.add_bus_effect(bus, _capture)
	var source := AudioStreamPlayer.new()
	source.stream = AudioStreamMicrophone.new()
	source.bus = "gengine microphone"
	add_child(source)
	source.play()


## Sends a text message, for example tell("emotion", {"mix": "happy:0.6"}); false while not connected.
func tell(type: String, values := {}) -> bool:
	if not _greeted or session.name == "":
		return false
	return _socket.send_text(JSON.stringify(values.merged({"type": type}))) == OK


## Says mono samples at 16 kHz; `known` may hold text, words and phones with their times. False while not connected.
func say(utterance: String, samples: PackedFloat32Array, known := {}) -> bool:
	if not tell("say", known.merged({"utterance": utterance})):
		return false
	push(samples)
	return tell("end", {"utterance": utterance})


## More of an utterance that tell("say") began and tell("end") will end.
func push(samples: PackedFloat32Array, played := true) -> void:
	for message in session.say(samples, played):
		_socket.send(PackedByteArray(message))


## Breaks off: silence at once, and the avatar ends its sentence too.
func interrupt() -> void:
	var message: Dictionary = session.interrupt()
	tell("interrupt", {"played_until": message["played_until"]})


func _process(delta: float) -> void:
	_talk(delta)
	_play()
	var time := _time()
	if time >= 0.0 and skeleton != null:
		_show(session.face.at(time), session.body.at(time))


func _talk(delta: float) -> void:
	_socket.poll()
	var state := _socket.get_ready_state()
	if state == WebSocketPeer.STATE_OPEN:
		if not _greeted:
			_greeted = true
			_socket.send_text(JSON.stringify(session.first_message()))
		while _socket.get_available_packet_count() > 0:
			var packet := _socket.get_packet()
			if _socket.was_string_packet():
				_hear(JSON.parse_string(packet.get_string_from_utf8()))
			else:
				session.take(packet)
		if _capture != null and session.name != "":
			var pairs := _capture.get_buffer(_capture.get_frames_available())
			var samples := PackedFloat32Array()
			for pair in pairs:
				samples.append(0.5 * (pair.x + pair.y))
			push(samples, false)
	elif state == WebSocketPeer.STATE_CLOSED and not session.fatal:
		if _greeted or _wait <= 0.0:
			_greeted = false
			_wait = session.next_pause()
		_wait -= delta
		if _wait <= 0.0:
			_socket = WebSocketPeer.new()
			_socket.inbound_buffer_size = 1 << 20
			_socket.connect_to_url(address)


func _hear(message: Dictionary) -> void:
	session.hear(message)
	if message["type"] == "welcome" and skeleton != null:
		_fit()
	heard.emit(message)


func _play() -> void:
	var playback: AudioStreamGeneratorPlayback = _player.get_stream_playback()
	if playback == null:
		return
	var count := playback.get_frames_available()
	for value in session.sound.read(count, _player.stream.mix_rate, session.face.first(), session.face.end()):
		playback.push_frame(Vector2(value, value))


## Session time that is heard now; -1 before there are frames.
func _time() -> float:
	if session.sound.time < 0.0:
		return -1.0
	return maxf(0.0, session.sound.time - BUFFER - AudioServer.get_output_latency())


func _fit() -> void:
	_joints = {}
	_order = []
	_shapes = []
	missing = []
	var joints: Array = session.names["joints"]
	for j in joints.size():
		var bone := skeleton.find_bone(bones.get(joints[j], joints[j]))
		if bone >= 0:
			_joints[bone] = j
		else:
			missing.append(joints[j])
	var open: Array[int] = []
	open.assign(skeleton.get_parentless_bones())
	while not open.is_empty():
		var bone: int = open.pop_front()
		_order.append(bone)
		open.append_array(skeleton.get_bone_children(bone))
	var hips := skeleton.find_bone(bones.get(joints[0], joints[0]))
	if hips >= 0:
		_scale = skeleton.get_bone_global_rest(hips).origin.y / _hip_height()
	var curves: Array = session.names["curves"]
	for mesh in find_children("*", "MeshInstance3D", true, false):
		for c in curves.size():
			var shape: int = mesh.find_blend_shape_by_name(curves[c])
			if shape >= 0:
				_shapes.append([mesh, shape, c])


## Height of joint 0 over the lowest joint in T-pose, m.
func _hip_height() -> float:
	var heights := [0.0]
	for j in range(1, session.names["parents"].size()):
		heights.append(heights[session.names["parents"][j]] + session.names["offsets"][j][1])
	return -heights.min()


func _show(face, body) -> void:
	if face != null:
		for shape in _shapes:
			shape[0].set_blend_shape_value(shape[1], face["weights"][shape[2]])
	if body == null:
		return
	var turns: Array[Quaternion] = []  # of joints in the model
	for j in body["rotations"].size():
		var q = body["rotations"][j]
		var parent: int = session.names["parents"][j]
		var local := Quaternion(q[1], q[2], q[3], q[0])
		turns.append(local if parent < 0 else turns[parent] * local)
	var above := {}  # turns of bones
	for bone in _order:
		var parent := skeleton.get_bone_parent(bone)
		var upper: Quaternion = above.get(parent, Quaternion.IDENTITY)
		var turn: Quaternion = turns[_joints[bone]] if _joints.has(bone) else upper
		above[bone] = turn
		var parent_rest := Quaternion.IDENTITY
		if parent >= 0:
			parent_rest = skeleton.get_bone_global_rest(parent).basis.get_rotation_quaternion()
		var rest := skeleton.get_bone_global_rest(bone).basis.get_rotation_quaternion()
		skeleton.set_bone_pose_rotation(bone, (upper * parent_rest).inverse() * turn * rest)
		if _joints.get(bone, -1) == 0:
			var place: Vector3 = body["root"] * _scale
			skeleton.set_bone_pose_position(bone, parent_rest.inverse() * place)
