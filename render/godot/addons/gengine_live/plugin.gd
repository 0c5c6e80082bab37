# SPDX-License-Identifier: Apache-2.0
@tool
extends EditorPlugin


func _enter_tree() -> void:
	add_custom_type("GengineAvatar", "Node3D", preload("avatar.gd"), null)


func _exit_tree() -> void:
	remove_custom_type("GengineAvatar")
