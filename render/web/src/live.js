// The live page: a microphone or a spoken text, an emotion dial, a latency read-out, and an avatar that performs.
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { Connection, Timeline, Playhead, Speaker, Microphone, RigDriver } from "../../live-web/src/index.js";

const $ = (id) => document.getElementById(id);
const EMOTIONS = ["neutral", "happiness", "anger", "sadness", "surprise", "fear", "disgust", "contempt", "amused", "proud",
  "bored", "tired", "anxious", "confused", "tender", "sarcastic", "pained", "determined"];
$("emotion").append(...EMOTIONS.map((name) => new Option(name)));

const renderer = new THREE.WebGLRenderer({ antialias: true });
renderer.toneMapping = THREE.ACESFilmicToneMapping;
document.body.prepend(renderer.domElement);
const scene = new THREE.Scene();
scene.background = new THREE.Color("#3a3f47");
const key = new THREE.DirectionalLight("#fff4e8", 2);
key.position.set(-1.6, 3.2, 2.8);
scene.add(key, new THREE.HemisphereLight("#e8f0ff", "#6b6460", 1.6));
const camera = new THREE.PerspectiveCamera(22, 1, 0.05, 50);
const controls = new OrbitControls(camera, renderer.domElement);
controls.target.set(0, 1.28, 0);
camera.position.set(0.6, 1.35, 3.2);
function resize() {
  renderer.setSize(innerWidth, innerHeight);
  camera.aspect = innerWidth / innerHeight;
  camera.updateProjectionMatrix();
}
addEventListener("resize", resize);
resize();

const about = await (await fetch("live.json")).json(); // { bones, eyes, emotion, text, words, phones, watch }
const avatar = (await new GLTFLoader().loadAsync("avatar.glb")).scene;
avatar.traverse((node) => { node.frustumCulled = false; });
scene.add(avatar);
if (EMOTIONS.includes(about.emotion)) $("emotion").value = about.emotion;
$("say").hidden = !about.text;
$("microphone").hidden = Boolean(about.watch);
$("sound").hidden = !about.watch?.heard;

const state = { rig: null, timeline: null, jaw: [], errors: [] };
window.gengine = state; // for the console, and for tests that read the page back
const mood = () => `${$("emotion").value}:${$("strength").value}`;

/** A connection with its timeline; `source` is "microphone" or "speech", `context` gives the clock and the rate. */
function join(source, context) {
  state.connection?.close();
  state.jaw = []; // every session has a clock of its own
  const timeline = new Timeline(), now = context ? () => context.currentTime : undefined;
  const playhead = new Playhead(timeline, now);
  const rate = about.watch?.rate ?? context?.sampleRate ?? 16000;
  const connection = new Connection(location.href.replace(/^http/, "ws").replace(/[^/]*$/, "live"), {
    source, audio: { rate }, emotion: mood(), ...(about.watch && { watch: about.watch.name }),
  });
  connection.on("welcome", ({ names }) => { state.rig ??= new RigDriver(avatar, names, about); });
  connection.on("frames", (frames) => {
    timeline.push(frames);
    state.arrived = performance.now() / 1000;
  });
  connection.on("error", (error) => { state.errors.push(error); $("told").textContent = error.message; });
  connection.on("started", (place) => { state.place = place; });
  Object.assign(state, { connection, timeline, playhead, speaker: context && new Speaker(connection, playhead, context, rate) });
  return connection.open();
}

const audible = async (rate) => {
  const context = new AudioContext(rate ? { sampleRate: rate } : {});
  await context.resume(); // in the click: browsers ask for one
  return context;
};
$("microphone").onclick = async () => {
  const context = await audible(16000);
  state.microphone?.close();
  state.microphone = new Microphone(join("microphone", context), context);
  await state.microphone.open().catch((error) => { $("told").textContent = `microphone: ${error.message}`; });
};
$("say").onclick = async () => {
  const context = await audible();
  const sound = await context.decodeAudioData(await (await fetch("say.wav")).arrayBuffer());
  const speak = () => {
    state.speaker.begin("say", { text: about.text, words: about.words, phones: about.phones });
    state.speaker.push(sound.getChannelData(0));
    state.speaker.end("say");
  };
  join("speech", context).on("welcome", ({ resumed }) => resumed || speak());
};
$("sound").onclick = async () => {
  join("speech", await audible());
  $("sound").hidden = true;
};
$("interrupt").onclick = () => state.speaker?.interrupt();
$("emotion").onchange = $("strength").onchange = () => state.connection?.tell("emotion", { mix: mood(), fade: 0.5 });

function readOut() {
  if (!state.connection) return "";
  const { timeline, playhead, connection, place, microphone } = state;
  if (connection.state !== "open") return connection.state;
  if (playhead.time === null) return "starting";
  let text = `buffered ${(1000 * (timeline.end - playhead.time)).toFixed(0)} ms`;
  if (microphone?.tap && place) {
    // the newest sample that was sent is at this session time
    const heard = place.at + ((connection.sample - place.sample) | 0) / connection.hello.audio.rate;
    state.latency = heard - playhead.time;
    text = `voice to face ${(1000 * state.latency).toFixed(0)} ms, ${text}`;
  }
  return text;
}

if (!about.watch?.heard) join("speech"); // the speech of a source begins when somebody hears it
let drawn = 0;
renderer.setAnimationLoop(() => {
  const time = state.playhead?.advance() ?? null;
  state.speaker?.update();
  if (time !== null && state.rig) {
    const pose = state.timeline.at(time);
    state.rig.show(pose);
    if (pose.face) state.jaw.push([time, pose.face.weights[17]]);
    if (state.jaw.length > 20000) state.jaw.splice(0, 10000);
  }
  controls.update();
  renderer.render(scene, camera);
  if (time !== null || !state.connection) document.body.dataset.ready = "yes";
  if (performance.now() - drawn > 250) {
    drawn = performance.now();
    $("told").textContent = readOut();
  }
});
