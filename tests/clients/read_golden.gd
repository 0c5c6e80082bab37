extends SceneTree

const Protocol = preload("res://protocol.gd")


func read(path: String) -> PoolByteArray:
	var file := File.new()
	file.open(path, File.READ)
	return file.get_buffer(file.get_len())


func _init() -> void:
	var told := []
	var refused := 0
	for path in ["res://face.bin", "res://body.bin"]:
		var data := read(path)
		for end in range(1, data.size()):
			refused += int(Protocol.decode(data.subarray(0, end - 1)).empty())
		refused += int(Protocol.decode(PoolByteArray()).empty())
		var one: Dictionary = Protocol.decode(data)
		var out := {}
		for name in ["sequence", "start", "flags", "fps"]:
			out[name] = one[name]
		for name in ["weights", "gaze", "head"] if one["kind"] == 1 else ["root", "rotations"]:
			out[name] = []
			for frame in one["frames"]:
				var value = frame[name]
				out[name].append([value.x, value.y, value.z] if name == "root" else value)
		told.append(out)
	var sound := ""
	for byte in Protocol.encode_sound([0.0, 0.25, -0.25, 1.0, -1.0], 3):
		sound += "%02x" % byte
	print("GOLDEN", to_json({"told": told, "refused": refused, "sound": sound}))
	quit()
