// SPDX-License-Identifier: Apache-2.0
// Poses a VRM of @pixiv/three-vrm by frames, without importing it. Say `skeleton: "vrm"` in the hello.
import { inverse, multiply, hipHeight, worldTurns } from "./rig.js";

const DEGREES = 180 / Math.PI;
const JAW = 0.6; // jawOpen of a whole "aa" (judgement, as the project's VRMA files have it)
const both = (name) => [`${name}Left`, `${name}Right`];
/** VRM's presets by the curves they stand for; the mean counts. For characters without ARKit's expressions. */
const PRESETS = {
  aa: { curves: ["jawOpen"], whole: JAW }, ih: { curves: both("mouthStretch"), whole: 1 },
  ou: { curves: ["mouthPucker"], whole: 1 }, oh: { curves: ["mouthFunnel"], whole: 1 },
  blinkLeft: { curves: ["eyeBlinkLeft"], whole: 1 }, blinkRight: { curves: ["eyeBlinkRight"], whole: 1 },
  happy: { curves: both("mouthSmile"), whole: 1 }, angry: { curves: both("browDown"), whole: 1 },
  sad: { curves: both("mouthFrown"), whole: 1 }, surprised: { curves: ["browInnerUp"], whole: 1 },
};

export class VrmDriver {
  /** `vrm` is what three-vrm's loader gives, `names` those of the welcome. */
  constructor(vrm, names) {
    this.vrm = vrm;
    this.names = names;
    this.mirror = vrm.meta?.metaVersion === "0" ? -1 : 1; // VRM 0 looks along -z
    this.nodes = names.joints.map((name) => vrm.humanoid.getNormalizedBoneNode(name));
    this.missing = names.joints.filter((_, j) => !this.nodes[j]);
    this.above = names.parents.map((parent) => { // the next joint above that the character has
      while (parent >= 0 && !this.nodes[parent]) parent = names.parents[parent];
      return parent;
    });
    const hips = this.nodes[0];
    this.scale = hips ? hips.position.y / hipHeight(names) : 1;
    if (vrm.lookAt) vrm.lookAt.autoUpdate = false;
    const has = (name) => vrm.expressionManager?.getExpression(name);
    this.curves = names.curves.map((name) => [name, name[0].toUpperCase() + name.slice(1)].find(has));
    this.presets = this.curves.some(Boolean) ? [] : Object.keys(PRESETS).filter(has); // not both: the mouth would move twice
  }

  /** Show what `Timeline.at` gave; call `vrm.update(delta)` after it. */
  show({ face, body }) {
    if (face) this.showFace(face);
    if (!body) return;
    const turns = worldTurns(this.names, body.rotations);
    this.nodes.forEach((node, j) => {
      if (!node) return;
      const above = this.above[j] < 0 ? [1, 0, 0, 0] : turns[this.above[j]];
      const [w, x, y, z] = multiply(inverse(above), turns[j]);
      node.quaternion.set(this.mirror * x, y, this.mirror * z, w);
    });
    const [x, y, z] = body.root.map((value) => value * this.scale);
    this.nodes[0]?.position.set(this.mirror * x, y, this.mirror * z);
  }

  showFace({ weights, gaze }) {
    const { expressionManager: faces, lookAt } = this.vrm;
    this.curves.forEach((name, i) => name && faces.setValue(name, weights[i]));
    for (const preset of this.presets) {
      const { curves, whole } = PRESETS[preset];
      const sum = curves.reduce((total, name) => total + weights[this.names.curves.indexOf(name)], 0);
      faces.setValue(preset, Math.min(1, sum / curves.length / whole));
    }
    if (lookAt) [lookAt.yaw, lookAt.pitch] = [gaze[0] * DEGREES, -gaze[1] * DEGREES];
  }
}
