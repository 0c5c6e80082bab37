// Reads BVH files with three.js and writes where it puts every joint while an AnimationMixer plays the clip.
// usage: node read_bvh.mjs a.bvh a.f32 [b.bvh b.f32 ...]; prints {names, frames, fps} of each as JSON lines.
import { readFileSync, writeFileSync } from "node:fs";
import { AnimationMixer, Group, LoopOnce, PropertyBinding, Vector3 } from "three";
import { BVHLoader } from "three/addons/loaders/BVHLoader.js";

const files = process.argv.slice(2);
for (let i = 0; i < files.length; i += 2) {
  const { skeleton, clip } = new BVHLoader().parse(readFileSync(files[i], "utf8"));
  // The mixer cannot address names with a colon (mixamorig:Hips); three's other loaders clean them themselves.
  for (const bone of skeleton.bones) bone.name = PropertyBinding.sanitizeNodeName(bone.name);
  for (const track of clip.tracks) {
    const [, name, property] = /^(.*)\.(\w+)$/.exec(track.name);
    track.name = `${PropertyBinding.sanitizeNodeName(name)}.${property}`;
  }
  const scene = new Group();
  scene.add(skeleton.bones[0]);
  const mixer = new AnimationMixer(skeleton.bones[0]);
  const action = mixer.clipAction(clip).setLoop(LoopOnce);
  action.clampWhenFinished = true;
  action.play();
  const joints = skeleton.bones.filter((bone) => bone.name !== "ENDSITE");
  const times = clip.tracks[0].times;
  const out = new Float32Array(times.length * joints.length * 3);
  const at = new Vector3();
  for (let t = 0; t < times.length; t++) {
    mixer.setTime(times[t]);
    scene.updateMatrixWorld(true);
    joints.forEach((joint, j) => joint.getWorldPosition(at).toArray(out, (t * joints.length + j) * 3));
  }
  writeFileSync(files[i + 1], out);
  console.log(JSON.stringify({ names: joints.map((j) => j.name), frames: times.length, fps: 1 / (times[1] - times[0]) }));
}
