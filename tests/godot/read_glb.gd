# Runs inside Godot 3: says what the imported avatar has, as one line of JSON.
extends SceneTree

func _init():
	var out = {"bones": 0, "morphs": 0, "turns": 0, "shapes": 0, "length": 0.0, "weights": {}, "rotations": {}}
	var waiting = [load("res://avatar.glb").instance()]
	while waiting.size() > 0:
		var node = waiting.pop_back()
		for child in node.get_children():
			waiting.append(child)
		if node is Skeleton:
			out["bones"] = node.get_bone_count()
		if node is MeshInstance and node.mesh is ArrayMesh:
			out["morphs"] = max(out["morphs"], node.mesh.get_blend_shape_count())
		if node is AnimationPlayer:
			var clip = node.get_animation(node.get_animation_list()[0])
			out["length"] = clip.length
			for track in range(clip.get_track_count()):
				var path = str(clip.track_get_path(track))
				if "blend_shapes/" in path:
					out["shapes"] += 1
					var keys = []
					for key in range(clip.track_get_key_count(track)):
						keys.append([clip.track_get_key_time(track, key), clip.track_get_key_value(track, key)])
					out["weights"][path.split("blend_shapes/")[1]] = keys
				else:
					out["turns"] += 1
					var turn = clip.transform_track_interpolate(track, 10 / 30.0)[1]
					out["rotations"][path.split(":")[1]] = [turn.x, turn.y, turn.z, turn.w]
	print("RESULT " + to_json(out))
	quit()
