#version 330
// Only shadow: the floor darkens the background where the figure keeps the light away.
uniform sampler2DShadow shadow_map;
uniform vec3 feet[2];
in vec3 position;
in vec4 in_light;
out vec4 fragment;

void main() {
    vec3 p = in_light.xyz / in_light.w * 0.5 + 0.5;
    float lit = 0.0;
    for (int y = -2; y <= 2; ++y)
        for (int x = -2; x <= 2; ++x) lit += texture(shadow_map, vec3(p.xy + vec2(x, y) * 1.8 / 1024.0, p.z - 0.001));
    float thrown = (1.0 - lit / 25.0) * 0.34;
    float touch = 0.0;
    for (int i = 0; i < 2; ++i) {
        vec2 d = (position.xz - feet[i].xz) / vec2(0.075, 0.16);
        touch = max(touch, exp(-dot(d, d)) * 0.5 * clamp(1.0 - feet[i].y * 4.0, 0.0, 1.0));
    }
    float fade = smoothstep(2.6, 0.6, length(position.xz));
    fragment = vec4(0.0, 0.0, 0.0, (1.0 - (1.0 - thrown) * (1.0 - touch)) * fade);
}
