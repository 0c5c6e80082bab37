# The add-on's core on Godot 3: frames, sound, and a session with the real server whose port is in port.txt.
extends SceneTree

const Session = preload("res://session.gd")
const Track = preload("res://track.gd")
const Sound = preload("res://sound.gd")

var session = Session.new()
var client: WebSocketClient
var events := []
var wait := 0.0
var started := -1.0
var said := false
var loud := -1.0
var resumed := false
var opened := 0.0
var before := 0.0
var passed := 0.0
var failed := []


func check(holds: bool, what: String) -> void:
	if not holds:
		failed.append(what)


func near(a: float, b: float) -> bool:
	return abs(a - b) < 0.0001


func frame(time: float, weight: float) -> Dictionary:
	return {"time": time, "weights": [weight], "gaze": [0.0, 0.0], "head": [1.0, 0.0, 0.0, 0.0]}


func tracks() -> void:
	var track = Track.new()
	track.push({"flags": 0, "start": 1.0, "frames": [frame(1.0, 0.0), frame(1.1, 1.0), frame(1.2, 1.0)]})
	check(near(track.at(1.05)["weights"][0], 0.5), "between frames")
	track.push({"flags": 1, "start": 1.2, "frames": [frame(1.2, 0.0), frame(2.0, 0.0)]})
	check(near(track.at(1.15)["weights"][0], 0.5) and near(track.at(1.2)["weights"][0], 0.5), "a gap begins softly")
	check(near(track.at(1.4)["weights"][0], 0.25) and near(track.at(1.61)["weights"][0], 0.0), "and is blended over in .4 s")
	var half: Array = Track.arc([1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], 0.5)
	check(near(half[0], sqrt(0.5)) and near(half[1], -sqrt(0.5)), "the shorter arc")


func sounds() -> void:
	var sound = Sound.new()
	check(sound.read(4, 24000.0, INF, -INF) == [0.0, 0.0, 0.0, 0.0] and sound.time < 0.0, "no time without frames")
	sound.place = [0.11, 5]
	sound.add(5, [0.5, 0.5, 0.5, 0.5])
	sound.read(240, 24000.0, 0.0, 0.16)
	check(abs(sound.time - 0.11) < 0.00001, "the clock begins a cushion before the newest frame")
	var heard: Array = sound.read(4, 24000.0, 0.0, 0.16)
	check(near(heard[1], 0.5), "a sample is heard at its time")
	sound.read(2000, 24000.0, 0.0, 0.16)
	check(near(sound.time, 0.16) and sound.stalls == 1, "where frames are late the sound waits: %f, %d" % [sound.time, sound.stalls])


func _init() -> void:
	tracks()
	sounds()
	session.hello = {"source": "speech", "audio": {"rate": 16000}, "emotion": "happy:0.5", "skeleton": "godot", "calm": 0.5}
	connect_again()


func connect_again() -> void:
	var file := File.new()
	file.open("res://port.txt", File.READ)
	client = WebSocketClient.new()
	client.set_buffers(1024, 4096, 1024, 4096)
	client.connect("connection_established", self, "_established")
	client.connect("data_received", self, "_received")
	client.connect_to_url("ws://127.0.0.1:%s/live" % file.get_as_text().strip_edges())
	wait = -1.0


func tell(message: Dictionary) -> void:
	client.get_peer(1).set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)
	client.get_peer(1).put_packet(to_json(message).to_utf8())


func _established(_protocol: String) -> void:
	tell(session.first_message())


func _received() -> void:
	var peer := client.get_peer(1)
	var packet := peer.get_packet()
	if not peer.was_string_packet():
		session.take(packet)
		return
	var message: Dictionary = parse_json(packet.get_string_from_utf8())
	session.hear(message)
	events.append(message["type"])
	if message["type"] == "started":
		started = message["at"]
	if message["type"] == "welcome" and message["resumed"]:
		resumed = true
		check(session.names["joints"].size() > 20, "joints have Godot's names")


func _idle(delta: float) -> bool:
	passed += delta
	if client.get_connection_status() == NetworkedMultiplayerPeer.CONNECTION_DISCONNECTED:
		if wait < 0.0:
			wait = session.next_pause()
		wait -= delta
		if wait <= 0.0:
			connect_again()
	else:
		client.poll()
	var heard: Array = session.sound.read(int(delta * 16000), 16000.0, session.face.first(), session.face.end())
	for value in heard:
		if loud < 0.0 and value != 0.0:
			loud = session.sound.time
	var face = session.face.at(session.sound.time)
	session.body.at(session.sound.time)
	if face != null:
		if started >= 0.0 and session.sound.time > started + 0.3:
			opened = max(opened, face["weights"][17])
		elif not said:
			before = max(before, face["weights"][17])
	if not said and session.sound.time > 0.0:
		said = true
		var vowel := []
		for i in range(48000):
			vowel.append(0.3 * sin(i * 0.05) * sin(i * 0.0016 + 0.2))
		tell({"type": "say", "utterance": "1", "phones": [
			{"symbol": "P", "start": 0.1, "end": 0.3}, {"symbol": "AA", "start": 0.3, "end": 1.2},
			{"symbol": "M", "start": 1.2, "end": 1.4}, {"symbol": "AA", "start": 1.4, "end": 2.8}]})
		client.get_peer(1).set_write_mode(WebSocketPeer.WRITE_MODE_BINARY)
		for message in session.say(vowel, true):
			client.get_peer(1).put_packet(PoolByteArray(message))
		tell({"type": "end", "utterance": "1"})
		tell({"type": "emotion", "mix": "sad", "fade": 0.5})
	if started >= 0.0 and session.sound.time > started + 1.5 and not "interrupted" in events and client.get_connection_status() == 2:
		if session.sound.chunks.size() > 0 or session.sound.place != null:
			tell(session.interrupt())
	if ("interrupted" in events and resumed) or passed > 60.0:
		check(started >= 0.0 and abs(loud - started) < 0.1, "the sound is heard when it was placed: %f %f" % [loud, started])
		check(opened > before + 0.1, "the jaw opens: %f after %f" % [opened, before])
		check(resumed, "a lost connection resumes")
		check("interrupted" in events, "an interruption is answered")
		print("FAILED ", failed, events if failed.size() > 0 else [])
		quit()
	return false
