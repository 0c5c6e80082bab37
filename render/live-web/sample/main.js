// SPDX-License-Identifier: Apache-2.0
// A VRM that says what you say. Start `gengine serve --origin http://localhost:5173` first.
import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { Connection, Microphone, Playhead, Timeline, VrmDriver } from "gengine-live";

const $ = (id) => document.getElementById(id);
const renderer = new THREE.WebGLRenderer({ antialias: true });
renderer.setSize(innerWidth, innerHeight);
document.body.prepend(renderer.domElement);
const scene = new THREE.Scene(), camera = new THREE.PerspectiveCamera(25, innerWidth / innerHeight, 0.1, 20);
scene.background = new THREE.Color("#8899aa");
scene.add(new THREE.HemisphereLight("#ffffff", "#777777", 3));
camera.position.set(0, 1.3, 3);
camera.lookAt(0, 1.2, 0);

let vrm, driver, timeline, playhead, connection;
$("file").onchange = async ({ target }) => {
  const loader = new GLTFLoader().register((parser) => new VRMLoaderPlugin(parser));
  vrm = (await loader.loadAsync(URL.createObjectURL(target.files[0]))).userData.vrm;
  VRMUtils.rotateVRM0(vrm);
  scene.add(vrm.scene);
};
$("talk").onclick = async () => { // browsers want a click before sound
  const context = new AudioContext({ sampleRate: 16000 });
  connection?.close();
  timeline = new Timeline();
  playhead = new Playhead(timeline, () => context.currentTime);
  connection = new Connection("ws://127.0.0.1:8470/live", {
    source: "microphone", audio: { rate: context.sampleRate }, skeleton: "vrm",
  });
  connection.on("welcome", ({ names }) => { driver = new VrmDriver(vrm, names); });
  connection.on("frames", (frames) => timeline.push(frames));
  connection.on("state", (state) => { $("told").textContent = state; });
  connection.on("error", ({ message }) => { $("told").textContent = message; });
  connection.open();
  await new Microphone(connection, context).open();
};
$("happy").onclick = () => connection?.tell("emotion", { mix: "happy:0.7", fade: 0.5 });
$("interrupt").onclick = () => connection?.tell("interrupt", { played_until: playhead.time ?? 0 });

const clock = new THREE.Clock();
renderer.setAnimationLoop(() => {
  const time = playhead?.advance() ?? null, delta = clock.getDelta();
  if (time !== null && driver) driver.show(timeline.at(time));
  vrm?.update(delta);
  renderer.render(scene, camera);
});
