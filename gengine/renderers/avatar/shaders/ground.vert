#version 330
uniform mat4 view_projection;
uniform mat4 light_projection;
in vec3 in_position;
out vec3 position;
out vec4 in_light;

void main() {
    position = in_position;
    in_light = light_projection * vec4(in_position, 1.0);
    gl_Position = view_projection * vec4(in_position, 1.0);
}
