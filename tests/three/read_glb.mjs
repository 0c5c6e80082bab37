// three.js plays each file: node read_glb.mjs in.glb times.json out.json …
// Writes, per time, world positions of all bones and the weights of all morphs, as three.js has them.
import { readFileSync, writeFileSync } from 'node:fs';
import { AnimationMixer, Vector3 } from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';

globalThis.self = globalThis;
const [path, times, out] = process.argv.slice(2);
const data = readFileSync(path);
const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
const gltf = await new Promise((resolve, reject) => new GLTFLoader().parse(buffer, '', resolve, reject));
const mixer = new AnimationMixer(gltf.scene);
for (const clip of gltf.animations) mixer.clipAction(clip).play();
const frames = JSON.parse(readFileSync(times)).map((time) => {
  mixer.setTime(time);
  gltf.scene.updateMatrixWorld(true);
  const bones = {}, morphs = {}, vertex = {};
  gltf.scene.traverse((o) => {
    if (o.isBone) bones[o.name] = new Vector3().setFromMatrixPosition(o.matrixWorld).toArray();
    if (o.morphTargetDictionary) {
      morphs[o.name] = Object.fromEntries(
        Object.entries(o.morphTargetDictionary).map(([name, k]) => [name, o.morphTargetInfluences[k]]));
    }
    if (o.isSkinnedMesh) {
      vertex[o.name] = [0, 1, 2, 3].map((k) => {
        const i = Math.floor((k * (o.geometry.attributes.position.count - 1)) / 3);
        return [i, ...o.getVertexPosition(i, new Vector3()).applyMatrix4(o.matrixWorld).toArray()];
      });
    }
  });
  return { bones, morphs, vertex };
});
writeFileSync(out, JSON.stringify({ frames, duration: Math.max(...gltf.animations.map((c) => c.duration)) }));
