#version 330
// Linear blend skinning; positions and normals arrive morphed.
uniform mat4 view_projection;
uniform mat4 light_projection;
uniform vec4 joints[384];  // three rows of a 3x4 matrix per joint
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in uvec4 in_joints;
in vec4 in_weights;
out vec3 position;
out vec3 normal;
out vec2 uv;
out vec4 in_light;

void main() {
    vec4 row0 = vec4(0.0), row1 = vec4(0.0), row2 = vec4(0.0);
    for (int k = 0; k < 4; ++k) {
        int j = int(in_joints[k]) * 3;
        row0 += in_weights[k] * joints[j];
        row1 += in_weights[k] * joints[j + 1];
        row2 += in_weights[k] * joints[j + 2];
    }
    vec4 p = vec4(in_position, 1.0);
    position = vec3(dot(row0, p), dot(row1, p), dot(row2, p));
    normal = vec3(dot(row0.xyz, in_normal), dot(row1.xyz, in_normal), dot(row2.xyz, in_normal));
    uv = in_uv;
    in_light = light_projection * vec4(position, 1.0);
    gl_Position = view_projection * vec4(position, 1.0);
}
