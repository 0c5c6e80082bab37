// The npm package in node: drivers on three.js' own objects, and a session with the real server through a cut connection.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Connection, Playhead, RigDriver, Timeline, VrmDriver } from "../../render/live-web/src/index.js";
const THREE = createRequire(process.env.NODE_MODULES + "/")("three");
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-4, `${a} is not ${b}`);

const names = {
  curves: ["jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft"], joints: ["hips", "spine", "leftUpperArm", "leftLowerArm"],
  parents: [-1, 0, 1, 2], offsets: [[0, 0, 0], [0, 0.2, 0], [0.1, 0.3, 0], [0.3, 0, 0]].concat([]),
};
names.joints.push("leftFoot"); names.parents.push(0); names.offsets.push([0, -0.9, 0]);
const half = Math.SQRT1_2, turned = new Float32Array([1, 0, 0, 0, half, 0, half, 0, half, 0, 0, half, 1, 0, 0, 0, 1, 0, 0, 0]);
const pose = { body: { root: [0.1, 0.9, 0], rotations: turned }, face: { weights: new Float32Array([0.3, 0.5, 0.7, 1]), gaze: [0.1, 0.2] } };

function rig(rest) { // nodes of any bone axes, without a spine
  const scene = new THREE.Group(), hips = new THREE.Object3D(), upper = new THREE.Object3D(), lower = new THREE.Object3D();
  Object.assign(hips, { name: "hips" }); Object.assign(upper, { name: "leftUpperArm" }); Object.assign(lower, { name: "leftLowerArm" });
  scene.add(hips); hips.add(upper); upper.add(lower);
  hips.position.set(0, 1.8, 0); hips.quaternion.copy(rest); upper.quaternion.copy(rest);
  scene.updateMatrixWorld(true);
  lower.position.copy(upper.worldToLocal(upper.getWorldPosition(new THREE.Vector3()).add(new THREE.Vector3(1, 0, 0))));
  return { scene, hips, upper, lower };
}

const armOf = ({ scene, upper, lower }) => {
  scene.updateMatrixWorld(true);
  return lower.getWorldPosition(new THREE.Vector3()).sub(upper.getWorldPosition(new THREE.Vector3()));
};

{ // the arm along +x is raised, then the trunk turns by 90 degrees: it stays up
  const it = rig(new THREE.Quaternion(0.5, -0.5, 0.1, 0.7).normalize());
  const driver = new RigDriver(it.scene, names);
  driver.show(pose);
  near(armOf(it).y, 1);
  near(it.hips.position.x, 0.2);
  assert.deepEqual(driver.missing, ["spine", "leftFoot"]);
}
for (const metaVersion of ["1", "0"]) { // VRM's normalised nodes; of version 0 the model looks the other way
  const it = rig(new THREE.Quaternion());
  const values = {}, has = metaVersion === "1" ? ["JawOpen", "aa"] : ["aa", "happy"];
  const vrm = {
    meta: { metaVersion }, humanoid: { getNormalizedBoneNode: (name) => it.scene.getObjectByName(name) ?? null }, lookAt: {},
    expressionManager: { getExpression: (name) => has.includes(name) || null, setValue: (name, value) => { values[name] = value; } },
  };
  const driver = new VrmDriver(vrm, names);
  driver.show(pose);
  const arm = armOf(it);
  if (metaVersion === "1") near(arm.y, 1); else near(arm.y, -1); // +x is its right arm's side
  near(it.hips.position.x, metaVersion === "1" ? 0.2 : -0.2);
  near(vrm.lookAt.yaw, 0.1 * 180 / Math.PI);
  near(vrm.lookAt.pitch, -0.2 * 180 / Math.PI);
  if (metaVersion === "1") assert.deepEqual(Object.keys(values), ["JawOpen"]); // not the mouth twice
  else { near(values.aa, 0.5); near(values.happy, 0.6); }
}

if (process.argv[2]) {
  const connection = new Connection(process.argv[2], { emotion: "happy:0.5", skeleton: "vrm", calm: 0.5 });
  const timeline = new Timeline(), playhead = new Playhead(timeline), events = [], states = [];
  let resumed = false, gaps = 0, last = -1, said = false, place = null, widest = 0;
  connection.on("state", (state) => states.push(state));
  connection.on("welcome", (welcome) => { resumed ||= welcome.resumed; });
  connection.on("frames", (frames) => {
    gaps += frames.sequence !== last + 1;
    last = frames.sequence;
    timeline.push(frames);
  });
  for (const type of ["started", "interrupted", "spoken"]) connection.on(type, (message) => { events.push(type); if (type === "started") place = message; if (type === "spoken") assert.equal(message.text, "Hi there"); });
  connection.open();
  const until = Date.now() + 60000;
  while (Date.now() < until && !(resumed && events.includes("interrupted"))) {
    const time = playhead.advance();
    const shown = time !== null && timeline.at(time);
    if (place && shown?.face && time > place.at + 0.3) widest = Math.max(widest, shown.face.weights[17]);
    if (!said && time !== null) {
      said = true;
      connection.tell("text", { text: "Hi [laughs] there", last: true });
      connection.tell("say", { utterance: "1", phones: [["P", 0.1, 0.3], ["AA", 0.3, 1.2], ["M", 1.2, 1.4], ["AA", 1.4, 2.8]].map(([symbol, start, end]) => ({ symbol, start, end })) });
      connection.sound(Float32Array.from({ length: 48000 }, (_, i) => 0.3 * Math.sin(i * 0.05) * Math.sin(i * 0.0016)));
      connection.tell("end", { utterance: "1" });
    }
    if (place && time > place.at + 1.5 && !events.includes("interrupted")) connection.tell("interrupt", { played_until: time });
    await new Promise((go) => setTimeout(go, 16));
  }
  connection.close();
  assert.ok(resumed, `resumes: ${states}`);
  assert.ok(events.includes("interrupted") && events.includes("spoken"), `${events}`);
  assert.equal(gaps, 0); // not one message was lost when the connection was
  assert.ok(widest > 0.1, `the jaw opens: ${widest}`);
}
console.log("ALL HOLDS");
process.exit(0);
