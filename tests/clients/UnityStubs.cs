// As much of UnityEngine as the package uses, so that mono compiles it and its drivers really turn transforms.
using System;
using System.Collections.Generic;
using System.Linq;

namespace UnityEngine
{
    public struct Vector3
    {
        public float x, y, z;
        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }
        public static Vector3 operator +(Vector3 a, Vector3 b) { return new Vector3(a.x + b.x, a.y + b.y, a.z + b.z); }
        public static Vector3 operator -(Vector3 a, Vector3 b) { return new Vector3(a.x - b.x, a.y - b.y, a.z - b.z); }
        public static Vector3 operator *(Vector3 a, float s) { return new Vector3(a.x * s, a.y * s, a.z * s); }
    }

    public struct Quaternion
    {
        public float x, y, z, w;
        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }
        public static Quaternion identity { get { return new Quaternion(0, 0, 0, 1); } }
        public static Quaternion Inverse(Quaternion q) { return new Quaternion(-q.x, -q.y, -q.z, q.w); }
        public static Quaternion operator *(Quaternion a, Quaternion b)
        {
            return new Quaternion(
                a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
                a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
        }
        public static Vector3 operator *(Quaternion q, Vector3 v)
        {
            var r = q * new Quaternion(v.x, v.y, v.z, 0) * Inverse(q);
            return new Vector3(r.x, r.y, r.z);
        }
    }

    public class Object { public string name; }
    public class Component : Object
    {
        public Transform transform;
        public T GetComponent<T>() where T : class { return transform.parts.OfType<T>().FirstOrDefault(); }
        public T GetComponentInChildren<T>() where T : class { return GetComponentsInChildren<T>().FirstOrDefault(); }
        public T[] GetComponentsInChildren<T>() where T : class
        {
            return new[] { transform }.SelectMany(t => t.All()).SelectMany(t => t.parts).OfType<T>().ToArray();
        }
    }
    public class Behaviour : Component { public bool enabled = true; }
    public class MonoBehaviour : Behaviour { }

    public class Transform : Component
    {
        public readonly List<Component> parts = new List<Component>();
        public readonly List<Transform> children = new List<Transform>();
        public Transform parent;
        public Quaternion localRotation = Quaternion.identity;
        public Vector3 localPosition;
        public Transform(string name, Transform parent) { this.name = name; transform = this; this.parent = parent; parts.Add(this); if (parent != null) parent.children.Add(this); }
        public IEnumerable<Transform> All() { return new[] { this }.Concat(children.SelectMany(c => c.All())); }
        public Quaternion rotation
        {
            get { return parent == null ? localRotation : parent.rotation * localRotation; }
            set { localRotation = parent == null ? value : Quaternion.Inverse(parent.rotation) * value; }
        }
        public Vector3 position
        {
            get { return parent == null ? localPosition : parent.position + parent.rotation * localPosition; }
            set { localPosition = parent == null ? value : Quaternion.Inverse(parent.rotation) * (value - parent.position); }
        }
        public Vector3 TransformPoint(Vector3 p) { return position + rotation * p; }
        public Vector3 InverseTransformPoint(Vector3 p) { return Quaternion.Inverse(rotation) * (p - position); }
    }

    public enum HumanBodyBones { Hips, Spine, Head, LeftUpperArm, LeftLowerArm, LeftEye, RightEye, LastBone }
    public struct SkeletonBone { public string name; public Quaternion rotation; }
    public struct HumanDescription { public SkeletonBone[] skeleton; }
    public class Avatar : Object { public HumanDescription humanDescription; }
    public class Animator : Behaviour
    {
        public Avatar avatar;
        public Transform GetBoneTransform(HumanBodyBones bone) { return transform.All().FirstOrDefault(t => t.name == "rig:" + bone); }
    }

    public class Mesh : Object
    {
        public string[] shapes = new string[0];
        public int blendShapeCount { get { return shapes.Length; } }
        public string GetBlendShapeName(int index) { return shapes[index]; }
    }
    public class SkinnedMeshRenderer : Component
    {
        public Mesh sharedMesh;
        public readonly Dictionary<int, float> weights = new Dictionary<int, float>();
        public void SetBlendShapeWeight(int index, float value) { weights[index] = value; }
    }

    public class AudioSource : Behaviour { public void Play() { } }
    public class AudioClip : Object { public int samples; public bool GetData(float[] data, int offset) { return true; } }
    public static class AudioSettings { public static int outputSampleRate = 48000; }
    public static class Microphone
    {
        public static AudioClip Start(string device, bool loop, int seconds, int rate) { return new AudioClip { samples = seconds * rate }; }
        public static void End(string device) { }
        public static int GetPosition(string device) { return 0; }
    }
    public static class Debug { public static void LogWarning(object told) { Console.Error.WriteLine(told); } }
    public static class GUILayout { public static void Label(string text) { } public static bool Button(string text) { return false; } }

    public sealed class RequireComponent : Attribute { public RequireComponent(Type type) { } }
    public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string text) { } }
    public sealed class RangeAttribute : Attribute { public RangeAttribute(float least, float most) { } }
}
