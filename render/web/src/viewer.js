// Plays one performance: avatar.glb (body, face, eyes), sound.wav and performance.json (emotions, words, curves).
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";
import { added, asJson, at, moved, parsed, written } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const EMOTION_COLORS = {
  neutral: "#7d8590", happiness: "#f0b83c", anger: "#e0503f", sadness: "#4b7fd6", contempt: "#a06fb5",
  surprise: "#4cc3c9", fear: "#8a63e0", disgust: "#76b043", amused: "#f3cf6b", proud: "#d98b3f", bored: "#8d8d7a",
  tired: "#6e7f91", anxious: "#a88be8", confused: "#7fb7a6", tender: "#ec8fa8", sarcastic: "#b5a06f",
  pained: "#c0455d", determined: "#c76a3a",
};
const CURVE_COLORS = ["#ffd166", "#06d6a0", "#ef8354", "#8ecae6", "#d4a5ff", "#f28482"];

const state = { data: null, audio: null, mixer: null, action: null, chosen: [], names: [], model: null, center: null, keys: [], key: -1 };
window.gengine = state; // for the console, and for tests that read the scene back

const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
renderer.shadowMap.enabled = true;
renderer.shadowMap.type = THREE.PCFSoftShadowMap;
renderer.toneMapping = THREE.ACESFilmicToneMapping;
renderer.toneMappingExposure = 1.05;
$("stage").prepend(renderer.domElement);

const scene = new THREE.Scene();
scene.background = new THREE.Color("#3a3f47");
const environment = new THREE.PMREMGenerator(renderer).fromScene(new RoomEnvironment(), 0.04).texture;
scene.environment = environment;
scene.environmentIntensity = 0.55;
const camera = new THREE.PerspectiveCamera(22, 1, 0.05, 50);
const controls = new OrbitControls(camera, renderer.domElement);
controls.enableDamping = true;

const key = new THREE.DirectionalLight("#fff4e8", 2.2);
key.position.set(-1.6, 3.2, 2.8);
key.castShadow = true;
key.shadow.mapSize.set(2048, 2048);
key.shadow.bias = -0.0004;
key.shadow.normalBias = 0.01;
Object.assign(key.shadow.camera, { left: -1.4, right: 1.4, top: 1.9, bottom: -1.2, near: 0.5, far: 8 });
const rim = new THREE.DirectionalLight("#cfe0ff", 1.4);
rim.position.set(1.5, 2.2, -2.5);
scene.add(key, rim);
const floor = new THREE.Mesh(new THREE.CircleGeometry(3, 64), new THREE.ShadowMaterial({ opacity: 0.35 }));
floor.rotation.x = -Math.PI / 2;
floor.receiveShadow = true;
scene.add(floor);

function frameCamera(preset) {
  const height = state.height ?? 1.7;
  const head = state.head ?? new THREE.Vector3(0, height * 0.93, 0.05);
  const spans = { portrait: [head.y + 0.02, 0.52], upper: [height * 0.74, height * 0.66], full: [height * 0.5, height * 1.2] };
  const [y, span] = spans[preset];
  const distance = span / 2 / Math.tan((camera.fov * Math.PI) / 360) / Math.min(1, camera.aspect * 1.2);
  controls.target.set(0, y, 0.02);
  camera.position.set(0.25 * distance, y + 0.04 * distance, 0.97 * distance);
  controls.update();
}

const duration = () => state.data?.duration ?? 0;
const now = () => state.audio?.currentTime ?? 0;

function seek(seconds) {
  state.audio.currentTime = Math.min(Math.max(seconds, 0), Math.max(0, duration() - 0.001));
  pose();
}
state.seek = seek;

function pose() {
  if (state.action) {
    state.action.time = Math.min(now(), state.action.getClip().duration);
    state.mixer.update(0);
  }
  const t = now();
  const word = state.data?.words.find((w) => w.start <= t && t < w.end);
  $("caption").textContent = word ? word.text : "";
  $("time").textContent = `${Math.floor(t / 60)}:${(t % 60).toFixed(2).padStart(5, "0")}`;
}

function drawStrip() {
  const canvas = $("strip"), data = state.data;
  if (!data) return;
  const ratio = Math.min(devicePixelRatio, 2);
  const width = (canvas.width = canvas.clientWidth * ratio), height = (canvas.height = canvas.clientHeight * ratio);
  const g = canvas.getContext("2d"), x = (t) => (t / duration()) * width;
  const wave = height * 0.28, curves = height * 0.42, bands = height * 0.3;
  g.fillStyle = "#4d5562";
  data.wave.forEach((v, i) => {
    const h = Math.max(1, v * wave * 0.95);
    g.fillRect((i / data.wave.length) * width, (wave - h) / 2, Math.max(1, width / data.wave.length), h);
  });
  const editing = !$("keys").hidden;
  const columns = data.emotions.values.length;
  for (let i = 0; i < columns; i++) {
    let y = wave + curves;
    const felt = editing ? Object.entries(at(state.keys, (i / columns) * duration()))
      : data.emotions.names.map((name, e) => [name, data.emotions.values[i][e]]);
    for (const [name, strength] of felt) {
      const h = Math.min(strength, 1) * bands;
      if (h <= 0) continue;
      g.fillStyle = EMOTION_COLORS[name] ?? "#999";
      g.fillRect((i / columns) * width, height - (y - wave - curves) - h, width / columns + 1, h);
      y += h;
    }
  }
  state.chosen.forEach((name, k) => {
    const values = data.curves.values[data.curves.names.indexOf(name)];
    g.strokeStyle = CURVE_COLORS[k % CURVE_COLORS.length];
    g.lineWidth = 1.2 * ratio;
    g.beginPath();
    values.forEach((v, i) => g.lineTo((i / (values.length - 1)) * width, wave + curves - 3 - v * (curves - 6)));
    g.stroke();
    g.fillStyle = g.strokeStyle;
    g.font = `${11 * ratio}px system-ui`;
    g.fillText(name, 6 * ratio, wave + (k + 1) * 13 * ratio);
  });
  if (editing) drawKeys(g, x, wave + curves, height, ratio);
  g.fillStyle = "#fff";
  g.fillRect(x(now()) - ratio / 2, 0, ratio * 1.5, height);
}

function drawKeys(g, x, top, height, ratio) {
  state.keys.forEach((key, k) => {
    const at = x(key.time), size = 6 * ratio;
    g.fillStyle = k === state.key ? "#fff" : "#aab2bf";
    g.fillRect(at - ratio / 2, top, ratio, height - top);
    g.beginPath();
    g.moveTo(at, top + size);
    for (const [dx, dy] of [[-size, 0], [0, -size], [size, 0]]) g.lineTo(at + dx, top + dy);
    g.fill();
    g.font = `${11 * ratio}px system-ui`;
    const label = [key.emotion, at + size + 2, top + 4 * ratio + (k % 2) * 12 * ratio];
    g.lineWidth = 3 * ratio;
    g.strokeStyle = "#14161a";
    g.strokeText(...label);
    g.fillText(...label);
  });
}

function chooseKey(index) {
  state.key = Math.min(index, state.keys.length - 1);
  const strengths = parsed(state.keys[state.key].emotion);
  $("emotion").value = state.keys[state.key].emotion;
  $("emotion").classList.remove("wrong");
  $("strength").value = strengths ? Math.max(0, ...Object.values(strengths)) : 1;
  $("strength").disabled = !strengths || !Object.keys(strengths).length;
  $("remove").disabled = state.key === 0;
}

function setEmotion(text) {
  state.keys = state.keys.map((key, k) => (k === state.key ? { ...key, emotion: text } : key));
}

// Number of the keyframe whose mark is under the pointer, -1 where none is.
function keyUnder(event, box) {
  if ($("keys").hidden || event.clientY - box.top < box.height * 0.55) return -1;
  const away = state.keys.map((key) => Math.abs((key.time / duration()) * box.width + box.left - event.clientX));
  const best = away.indexOf(Math.min(...away));
  return away[best] <= 9 ? best : -1;
}

function chooseCurves() {
  const box = $("choices");
  for (const name of state.data.curves.names) {
    const label = document.createElement("label");
    const check = Object.assign(document.createElement("input"), { type: "checkbox", checked: state.chosen.includes(name) });
    check.onchange = () => {
      state.chosen = check.checked ? [...state.chosen, name] : state.chosen.filter((n) => n !== name);
    };
    label.append(check, ` ${name}`);
    box.append(label);
  }
}

// A page that is one file holds what lies beside a page in a folder, as data: URLs.
const parts = JSON.parse(document.getElementById("held")?.textContent ?? "{}");
const where = (name) => parts[name] ?? name;

async function load() {
  if (location.protocol === "file:" && !parts["performance.json"])
    throw new Error("browsers let no page read the files beside it. gengine view RUN --out page.html makes one file of all; any web server shows this folder");
  const response = await fetch(where("performance.json"));
  if (!response.ok) throw new Error(`performance.json: ${response.status}`);
  state.data = await response.json();
  state.chosen = ["jawOpen", "mouthSmileLeft", "browInnerUp"].filter((n) => state.data.curves.names.includes(n));
  $("name").textContent = state.data.title;
  document.title = `${state.data.title} - gengine`;
  // as a blob the sound can be sought whatever the server
  const sound = await (await fetch(where("sound.wav"))).blob();
  state.audio = new Audio(URL.createObjectURL(sound));
  await new Promise((done) => { state.audio.onloadedmetadata = state.audio.onerror = done; });
  state.audio.onended = () => ($("loop").checked ? (seek(0), state.audio.play()) : ($("play").textContent = "▶"));
  const figure = await (await fetch(where("avatar.glb"))).arrayBuffer();
  const gltf = await new GLTFLoader().parseAsync(figure, "");
  state.model = gltf.scene;
  gltf.scene.traverse((node) => {
    if (!node.isMesh) return;
    node.castShadow = node.receiveShadow = true;
    node.frustumCulled = false; // a skinned figure leaves its rest box
    if (node.morphTargetDictionary) state.names = Object.keys(node.morphTargetDictionary);
  });
  scene.add(gltf.scene);
  const box = new THREE.Box3().setFromObject(gltf.scene);
  state.height = box.max.y;
  state.mixer = new THREE.AnimationMixer(gltf.scene);
  if (gltf.animations.length) {
    state.action = state.mixer.clipAction(gltf.animations[0]);
    state.action.play();
    state.action.paused = true;
  }
  chooseCurves();
  state.keys = state.data.keyframes?.length ? state.data.keyframes : [{ time: 0, emotion: "neutral" }];
  for (const name of Object.keys(EMOTION_COLORS)) $("emotions").append(new Option(name));
  $("message").remove();
  pose();
  gltf.scene.updateMatrixWorld(true);
  const head = gltf.scene.getObjectByName("Head");
  if (head) state.head = head.getWorldPosition(new THREE.Vector3()).add(new THREE.Vector3(0, 0.06, 0));
  frameCamera($("camera").value);
  document.body.dataset.ready = "yes";
}

$("play").onclick = () => {
  const audio = state.audio;
  if (!audio) return;
  if (audio.paused) {
    if (now() >= duration() - 0.05) seek(0);
    audio.play();
  } else audio.pause();
  $("play").textContent = audio.paused ? "▶" : "❚❚";
};
$("speed").onchange = () => { state.audio.playbackRate = Number($("speed").value); };
$("camera").onchange = () => frameCamera($("camera").value);
addEventListener("keydown", (event) => {
  if (event.target.matches("select, input")) return;
  if (event.code === "KeyK" && !$("keys").hidden) $("add").click();
  if (event.code === "Delete" && !$("keys").hidden) $("remove").click();
  if (event.code === "Space") { event.preventDefault(); $("play").click(); }
  if (event.code === "ArrowRight") seek(now() + (event.shiftKey ? 1 : 1 / 30));
  if (event.code === "ArrowLeft") seek(now() - (event.shiftKey ? 1 : 1 / 30));
});
$("edit").onclick = () => {
  $("keys").hidden = !$("keys").hidden;
  if (!$("keys").hidden && state.data) chooseKey(Math.max(state.key, 0));
  resize();
};
$("add").onclick = () => {
  const [keys, index] = added(state.keys, now());
  state.keys = keys;
  chooseKey(index);
};
$("remove").onclick = () => {
  if (state.key <= 0) return; // a timeline begins at 0
  state.keys = state.keys.filter((_, k) => k !== state.key);
  chooseKey(state.key - 1);
};
$("emotion").oninput = () => {
  const text = $("emotion").value.trim();
  $("emotion").classList.toggle("wrong", !text);
  if (text) setEmotion(text);
};
$("emotion").onchange = () => chooseKey(state.key);
$("strength").oninput = () => {
  const strengths = parsed(state.keys[state.key].emotion), top = Math.max(...Object.values(strengths));
  for (const name of Object.keys(strengths)) strengths[name] *= Number($("strength").value) / top;
  if (top > 0 && Number($("strength").value) > 0) setEmotion(written(strengths));
  $("emotion").value = state.keys[state.key].emotion;
};
$("save").onclick = () => {
  const url = URL.createObjectURL(new Blob([asJson(state.keys)], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: "timeline.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};
const strip = $("strip");
let held = -1; // the keyframe that is dragged
const scrub = (event) => {
  if (!(event.buttons & 1) || !state.audio) return;
  const box = strip.getBoundingClientRect(), seconds = ((event.clientX - box.left) / box.width) * duration();
  if (held >= 0) state.keys = moved(state.keys, held, seconds, duration());
  else seek(seconds);
};
strip.addEventListener("pointerdown", (event) => {
  strip.setPointerCapture(event.pointerId);
  held = state.data ? keyUnder(event, strip.getBoundingClientRect()) : -1;
  if (held >= 0) chooseKey(held);
  else scrub(event);
});
strip.addEventListener("pointerup", () => { held = -1; });
strip.addEventListener("pointermove", scrub);

function resize() {
  const box = $("stage").getBoundingClientRect();
  renderer.setSize(box.width, box.height, false);
  camera.aspect = box.width / Math.max(1, box.height);
  camera.updateProjectionMatrix();
}
addEventListener("resize", resize);
resize();

renderer.setAnimationLoop(() => {
  if (state.data && state.audio && !state.audio.paused) pose();
  controls.update();
  renderer.render(scene, camera);
  drawStrip();
});

load().catch((error) => {
  $("message").textContent = `This performance cannot be shown: ${error.message}`;
  document.body.dataset.ready = "failed";
});
