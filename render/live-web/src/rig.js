// SPDX-License-Identifier: Apache-2.0
// Poses a three.js scene (a glTF or VRM character in T-pose) by frames, without importing three.js itself.
export const multiply = ([aw, ax, ay, az], [bw, bx, by, bz]) => [
  aw * bw - ax * bx - ay * by - az * bz, aw * bx + ax * bw + ay * bz - az * by,
  aw * by - ax * bz + ay * bw + az * bx, aw * bz + ax * by - ay * bx + az * bw,
];
export const inverse = ([w, x, y, z]) => [w, -x, -y, -z];
const from = ({ w, x, y, z }) => [w, x, y, z];
const plain = (name) => name.toLowerCase().replace(/^mixamorig/, "").replace(/[^a-z0-9]/g, "");

export class RigDriver {
  /**
   * `scene` stands in its rest pose, facing +z; `names` are those of the welcome. `bones` says which joint turns which
   * node (`{ Hips: "hips" }`); else nodes have the joints' names. `eyes` are the names of the two eye nodes, left first.
   */
  constructor(scene, names, { bones = {}, eyes = [] } = {}) {
    const nodes = new Map();
    this.meshes = [];
    scene.updateMatrixWorld(true);
    scene.traverse((node) => {
      nodes.set(plain(node.name), node);
      if (node.morphTargetDictionary) this.meshes.push(node);
    });
    this.names = names;
    this.missing = [];
    const joints = new Map();
    names.joints.forEach((name, j) => {
      const node = nodes.get(plain(bones[name] ?? name));
      if (node) joints.set(node, j);
      else this.missing.push(name);
    });
    this.eyes = eyes.map((name) => nodes.get(plain(name))).filter(Boolean);
    this.bones = []; // parents before children
    const visit = (node, above, upper) => {
      const rest = multiply(upper, from(node.quaternion));
      const bone = { node, joint: joints.get(node) ?? -1, eye: this.eyes.indexOf(node), above, upper, rest };
      const counts = bone.joint >= 0 || bone.eye >= 0 || above !== null;
      if (counts) this.bones.push(bone);
      for (const child of node.children) if (!child.isMesh) visit(child, counts ? bone : null, rest);
    };
    visit(scene, null, [1, 0, 0, 0]);
    const root = this.bones.find((bone) => bone.joint === 0);
    if (root) {
      this.root = root;
      const rootHeight = root.node.matrixWorld.elements[13] - scene.matrixWorld.elements[13];
      this.scale = rootHeight / hipHeight(names);
      this.place = root.node.parent; // where the root's translation is measured
    }
    this.curves = this.meshes.map((mesh) =>
      names.curves.map((name) => mesh.morphTargetDictionary[name] ?? mesh.morphTargetDictionary[name.replace("Left", "_L").replace("Right", "_R")]));
  }

  /** Show what `Timeline.at` gave. */
  show({ face, body }) {
    if (face) {
      this.meshes.forEach((mesh, m) => this.curves[m].forEach((slot, i) => {
        if (slot !== undefined) mesh.morphTargetInfluences[slot] = face.weights[i];
      }));
    }
    const turns = body && worldTurns(this.names, body.rotations);
    for (const bone of this.bones) {
      const above = bone.above?.turn ?? [1, 0, 0, 0];
      bone.turn = bone.joint >= 0 && turns ? turns[bone.joint] : above;
      if (bone.eye >= 0 && face) bone.turn = multiply(above, gaze(face.gaze));
      const world = multiply(bone.turn, bone.rest);
      const [w, x, y, z] = multiply(inverse(multiply(above, bone.upper)), world);
      bone.node.quaternion.set(x, y, z, w);
    }
    if (body && this.root) {
      const [x, y, z] = body.root.map((v) => v * this.scale);
      this.root.node.position.set(x, y, z);
    }
  }
}

/** Height of joint 0 above the lowest joint in T-pose, m. */
export function hipHeight({ parents, offsets }) {
  const heights = [0];
  for (let j = 1; j < parents.length; j++) heights[j] = heights[parents[j]] + offsets[j][1];
  return -Math.min(...heights);
}

/** Turns of the joints in the model, of local ones. */
export function worldTurns({ parents }, rotations) {
  const world = [];
  for (let j = 0; j < parents.length; j++) {
    const local = [...rotations.subarray(4 * j, 4 * j + 4)];
    world.push(j ? multiply(world[parents[j]], local) : local);
  }
  return world;
}

/** Turn of the eyes in the head: yaw to the left, then pitch upwards. */
function gaze([yaw, pitch]) {
  return multiply([Math.cos(yaw / 2), 0, Math.sin(yaw / 2), 0], [Math.cos(pitch / 2), -Math.sin(pitch / 2), 0, 0]);
}
