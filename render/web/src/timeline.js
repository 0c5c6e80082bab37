// Keyframes of an emotion timeline: edited on the strip, saved as the timeline.json that gengine animate --emotion takes.
export const FADE = 0.8; // seconds that one emotion takes to become another, as gengine has it
const SHORTEST = 0.25;

// "happiness:0.6+surprise:0.3" as {happiness: 0.6, surprise: 0.3}; null for what cannot be drawn here (vad:, auto, ...).
export function parsed(text) {
  const found = {};
  for (const part of text.split("+")) {
    const [, name, strength = "1"] = part.trim().match(/^([a-z]+)(?::(\d*\.?\d+))?$/i) ?? [];
    if (!name || !(Number(strength) <= 1)) return null;
    if (name !== "neutral") found[name] = (found[name] ?? 0) + Number(strength);
  }
  return found;
}

export function written(strengths) {
  const parts = Object.entries(strengths).filter(([, v]) => v > 0).sort((a, b) => b[1] - a[1]);
  return parts.map(([name, v]) => `${name}:${Number(v.toFixed(2))}`).join("+") || "neutral";
}

// Strengths by name at a second: smoothsteps centred on the keyframes, as gengine fades them.
export function at(keys, seconds) {
  const out = {};
  const add = (strengths, share) => {
    for (const [name, v] of Object.entries(strengths ?? {})) out[name] = (out[name] ?? 0) + share * v;
  };
  keys.forEach((key, k) => {
    const share = (j) => {
      if (j <= 0) return 1;
      if (j >= keys.length) return 0;
      const before = j > 1 ? keys[j].time - keys[j - 1].time : Infinity;
      const after = j + 1 < keys.length ? keys[j + 1].time - keys[j].time : Infinity;
      const fade = Math.max(Math.min(before, after, FADE), SHORTEST);
      const x = Math.min(Math.max((seconds - keys[j].time) / fade + 0.5, 0), 1);
      return x * x * (3 - 2 * x);
    };
    add(parsed(key.emotion), Math.max(0, (k ? share(k) : 1) - share(k + 1)));
  });
  return out;
}

// The keyframes with one moved: none passes its neighbours, the first stays at 0.
export function moved(keys, index, seconds, duration) {
  if (index === 0) return keys;
  const low = keys[index - 1].time + 0.05, high = (keys[index + 1]?.time ?? duration) - 0.05;
  const time = Math.round(Math.min(Math.max(seconds, low), Math.max(low, high)) * 100) / 100;
  return keys.map((key, k) => (k === index ? { ...key, time } : key));
}

// ... and with another one at a second, feeling what is felt there; its number too.
export function added(keys, seconds) {
  const time = Math.round(seconds * 100) / 100;
  const near = keys.findIndex((key) => Math.abs(key.time - time) < 0.05);
  if (near >= 0) return [keys, near];
  const rest = [...keys, { time, emotion: written(at(keys, time)) }].sort((a, b) => a.time - b.time);
  return [rest, rest.findIndex((key) => key.time === time)];
}

export function asJson(keys) {
  return `[\n  ${keys.map((key) => JSON.stringify({ time: key.time, emotion: key.emotion })).join(",\n  ")}\n]\n`;
}
