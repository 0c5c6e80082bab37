// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;
using UnityEngine;

namespace Gengine.Live
{
    /// Sets ARKit's blend shapes on every mesh that has some of them, whatever case or prefix their names have.
    public sealed class ArkitFaceDriver
    {
        const float Whole = 100;  // Unity's weight of a whole shape

        struct Shape { public SkinnedMeshRenderer Mesh; public int Index, Curve; }

        readonly List<Shape> shapes = new List<Shape>();

        /// Curves that no mesh has a shape for.
        public readonly List<string> Missing = new List<string>();

        public ArkitFaceDriver(IEnumerable<SkinnedMeshRenderer> meshes, IList<string> curves)
        {
            var found = new bool[curves.Count];
            foreach (var mesh in meshes)
            {
                for (var i = 0; mesh.sharedMesh != null && i < mesh.sharedMesh.blendShapeCount; i++)
                {
                    var name = Plain(mesh.sharedMesh.GetBlendShapeName(i));
                    for (var c = 0; c < curves.Count; c++)
                    {
                        if (name != Plain(curves[c])) continue;
                        shapes.Add(new Shape { Mesh = mesh, Index = i, Curve = c });
                        found[c] = true;
                    }
                }
            }
            for (var c = 0; c < curves.Count; c++) if (!found[c]) Missing.Add(curves[c]);
        }

        public void Show(Frame face)
        {
            if (face == null) return;
            foreach (var shape in shapes) shape.Mesh.SetBlendShapeWeight(shape.Index, Whole * face.Weights[shape.Curve]);
        }

        /// "blendShape1.MouthSmile_L" is "mouthsmileleft".
        static string Plain(string name)
        {
            var plain = name.Substring(name.LastIndexOf('.') + 1);
            if (plain.EndsWith("_L")) plain = plain.Substring(0, plain.Length - 2) + "Left";
            else if (plain.EndsWith("_R")) plain = plain.Substring(0, plain.Length - 2) + "Right";
            return plain.Replace("_", "").ToLowerInvariant();
        }
    }
}
