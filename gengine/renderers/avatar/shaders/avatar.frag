#version 330
// Physically plausible shading for a handful of surface kinds under a key, a fill, a rim and a sky.
uniform sampler2D base_texture;
uniform sampler2DShadow shadow_map;
uniform bool has_texture;
uniform bool double_sided;
uniform int kind;  // 0 plain, 1 skin, 2 eye, 3 cornea, 4 hair, 5 cloth, 6 teeth, 7 mouth
uniform vec4 color;
uniform float roughness;
uniform vec3 eye_point;
uniform vec3 key_direction;
uniform vec3 fill_direction;
uniform vec3 rim_direction;
in vec3 position;
in vec3 normal;
in vec2 uv;
in vec4 in_light;
out vec4 fragment;

uniform vec3 lights[5];  // colours of key, fill and rim; light from below and from above

vec3 to_linear(vec3 c) { return c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878); }

float lit_by_key(vec3 n) {
    vec3 p = in_light.xyz / in_light.w * 0.5 + 0.5;
    float bias = 0.0016 + 0.003 * (1.0 - max(dot(n, key_direction), 0.0));
    float sum = 0.0;
    const float r = 1.6 / 1024.0;
    const vec2 taps[5] = vec2[](vec2(0.0), vec2(0.7, 0.7), vec2(-0.7, 0.7), vec2(0.7, -0.7), vec2(-0.7, -0.7));
    for (int i = 0; i < 5; ++i) sum += texture(shadow_map, vec3(p.xy + taps[i] * r, p.z - bias));
    return sum / 5.0;
}

float ggx(vec3 n, vec3 v, vec3 l, float rough, float f0) {
    vec3 h = normalize(v + l);
    float a = rough * rough, a2 = a * a;
    float nh = max(dot(n, h), 0.0), nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 1e-3);
    float d = nh * nh * (a2 - 1.0) + 1.0;
    float k = a * 0.5;
    float g = 1.0 / ((nl * (1.0 - k) + k) * (nv * (1.0 - k) + k) * 4.0);
    float f = f0 + (1.0 - f0) * pow(1.0 - max(dot(v, h), 0.0), 5.0);
    return a2 / (3.14159 * d * d + 1e-6) * g * f * nl;
}

vec3 diffuse(vec3 n, vec3 l, vec3 wrap) {
    // light that enters skin leaves it past the terminator, red farthest
    return max(vec3(0.0), (vec3(dot(n, l)) + wrap) / ((1.0 + wrap) * (1.0 + wrap)));
}

void main() {
    vec4 base = color;
    if (has_texture) base *= texture(base_texture, uv);
    vec3 KEY = lights[0], FILL = lights[1], RIM = lights[2];
    vec3 albedo = to_linear(base.rgb);
    vec3 v = normalize(eye_point - position);
    vec3 n = normalize(normal);
    if (double_sided && dot(n, v) < 0.0) n = -n;
    float shadow = lit_by_key(n);
    bool inside = kind == 6 || kind == 7;  // a mouth: soft shadows, and no light from behind the head
    vec3 leak = inside ? vec3(0.5) : kind == 1 ? vec3(0.06, 0.03, 0.02) : kind == 5 ? vec3(0.35) : vec3(0.0);
    RIM *= inside ? 0.0 : kind == 1 ? 0.3 : kind == 4 ? 0.1 : 1.0;
    vec3 wrap = kind == 1 ? vec3(0.34, 0.16, 0.10) : kind == 5 ? vec3(0.12) : kind == 4 ? vec3(0.2) : vec3(0.02);
    vec3 tint = kind == 1 ? mix(vec3(1.0, 0.80, 0.72), vec3(1.0), shadow) : vec3(1.0);
    vec3 light = KEY * diffuse(n, key_direction, wrap) * mix(vec3(shadow), vec3(1.0), leak) * tint
        + FILL * diffuse(n, fill_direction, wrap) + RIM * 0.35 * diffuse(n, rim_direction, vec3(0.0));
    vec3 ambient = mix(lights[3], lights[4], n.y * 0.5 + 0.5);
    vec3 shaded = albedo * (light * 0.43 + ambient);
    float f0 = kind == 4 ? 0.045 : kind == 5 ? 0.02 : 0.028;
    float rough = roughness;
    vec3 gloss = KEY * shadow * ggx(n, v, key_direction, rough, f0) + FILL * ggx(n, v, fill_direction, rough, f0)
        + RIM * ggx(n, v, rim_direction, rough, f0);
    if (kind == 1) {  // an oily second lobe
        gloss = gloss * 0.6 + KEY * shadow * ggx(n, v, key_direction, rough * 0.55, f0) * 0.10;
    } else if (kind == 2) {  // wet eye: sharp highlight, the lids' shade on top
        // a window's mirror image: every living eye holds one
        gloss += KEY * ggx(n, v, normalize(key_direction + 1.6 * v), 0.24, 0.06);
        shaded *= 0.92;
    } else if (kind == 4) {
        gloss *= 0.6;
    } else if (kind == 5) {
        float fuzz = pow(1.0 - max(dot(n, v), 0.0), 4.0);
        shaded += albedo * fuzz * 0.25;
    } else if (kind == 7) {  // the mouth's inside sees little light
        shaded *= 0.9;
        gloss *= 0.5;
    } else if (kind == 6) {
        shaded *= 0.85;
        gloss *= 0.6;
    }
    vec3 c = shaded + gloss;
    // Khronos' neutral tone curve: colours stay true, only what is too bright bends over
    float low = min(c.r, min(c.g, c.b));
    float offset = low < 0.08 ? low - 6.25 * low * low : 0.04;
    c -= offset;
    float peak = max(c.r, max(c.g, c.b));
    if (peak > 0.76) {
        float bent = 1.0 - 0.0576 / (peak + 0.24 - 0.76);
        c = mix(c * bent / peak, vec3(bent), 1.0 - 1.0 / (0.15 * (peak - bent) + 1.0));
    }
    c = clamp(c, 0.0, 1.0);
    c = mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
    fragment = vec4(c, base.a);  // how many samples it covers
}
