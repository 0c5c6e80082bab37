// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using UnityEngine;

namespace Gengine.Live
{
    /// Turns a humanoid's bones. Rotations of the wire are over a T-pose in model space, so any rig's own bone axes fit.
    public sealed class HumanoidDriver
    {
        sealed class Bone { public Transform Node; public int Joint; public Quaternion Rest; }

        readonly Transform model;
        readonly int[] parents;
        readonly List<Bone> bones = new List<Bone>();  // parents before children
        readonly Transform[] eyes;
        readonly Quaternion[] eyeRests, turns;
        readonly int head;
        readonly float scale;

        /// Joints that this avatar has no bone for.
        public readonly List<string> Missing = new List<string>();

        /// The avatar stands in T-pose now, unless its description (`Animator.avatar`) holds one. `joints`, `parents` and the
        /// height of the hips in m are the welcome's, for the skeleton "unity".
        public HumanoidDriver(Animator animator, IList<string> joints, IList<int> parents, float hipHeight)
        {
            model = animator.transform;
            this.parents = new int[joints.Count];
            parents.CopyTo(this.parents, 0);
            turns = new Quaternion[joints.Count];
            head = joints.IndexOf("Head");
            StandInTPose(animator);
            var back = Quaternion.Inverse(model.rotation);
            for (var j = 0; j < joints.Count; j++)
            {
                HumanBodyBones name;
                var node = Enum.TryParse(joints[j], out name) ? animator.GetBoneTransform(name) : null;
                if (node == null) Missing.Add(joints[j]);
                else bones.Add(new Bone { Node = node, Joint = j, Rest = back * node.rotation });
            }
            eyes = new[] { animator.GetBoneTransform(HumanBodyBones.LeftEye), animator.GetBoneTransform(HumanBodyBones.RightEye) };
            eyeRests = Array.ConvertAll(eyes, eye => eye == null ? Quaternion.identity : back * eye.rotation);
            var hips = animator.GetBoneTransform(HumanBodyBones.Hips);
            scale = hips == null || hipHeight <= 0 ? 1 : model.InverseTransformPoint(hips.position).y / hipHeight;
        }

        public void Show(Frame body, Frame face)
        {
            if (body != null)
            {
                for (var j = 0; j < turns.Length; j++)
                {
                    var local = Turn(body.Rotations, 4 * j);
                    turns[j] = parents[j] < 0 ? local : turns[parents[j]] * local;
                }
                foreach (var bone in bones)
                {
                    bone.Node.rotation = model.rotation * turns[bone.Joint] * bone.Rest;
                    if (bone.Joint == 0)
                        bone.Node.position = model.TransformPoint(new Vector3(-body.Root[0], body.Root[1], body.Root[2]) * scale);
                }
            }
            if (face == null) return;
            var over = head >= 0 && body != null ? turns[head] : Quaternion.identity;
            var gaze = Turn(new[] { (float)Math.Cos(face.Gaze[0] / 2), 0, (float)Math.Sin(face.Gaze[0] / 2), 0 }, 0)
                     * Turn(new[] { (float)Math.Cos(face.Gaze[1] / 2), -(float)Math.Sin(face.Gaze[1] / 2), 0, 0 }, 0);
            for (var e = 0; e < 2; e++) if (eyes[e] != null) eyes[e].rotation = model.rotation * over * gaze * eyeRests[e];
        }

        /// A turn of the wire (w, x, y, z, x to the left) in Unity's left-handed axes.
        public static Quaternion Turn(float[] q, int at) { return new Quaternion(q[at + 1], -q[at + 2], -q[at + 3], q[at]); }

        static void StandInTPose(Animator animator)
        {
            if (animator.avatar == null) return;
            animator.enabled = false;  // it would turn the bones too
            var nodes = new Dictionary<string, Transform>();
            foreach (var node in animator.GetComponentsInChildren<Transform>()) nodes[node.name] = node;
            foreach (var bone in animator.avatar.humanDescription.skeleton)
            {
                Transform node;
                if (nodes.TryGetValue(bone.name, out node) && node != animator.transform) node.localRotation = bone.rotation;
            }
        }
    }
}
