// What the package does on an avatar, with sound, and with the real server whose address is the argument.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;
using Gengine.Live;
using UnityEngine;

static class UnityTrial
{
    static void Check(bool holds, string what) { if (!holds) throw new Exception("does not hold: " + what); }
    static bool Near(float a, float b) { return Math.Abs(a - b) < 1e-4f; }

    static Frame Face(double time, float weight)
    {
        return new Frame { Time = time, Weights = Enumerable.Repeat(weight, 52).ToArray(), Gaze = new float[2], Head = new[] { 1f, 0, 0, 0 } };
    }

    static Frames Message(double start, byte flags, params Frame[] frames) { return new Frames { Kind = LiveProtocol.Face, Start = start, Flags = flags, Fps = 60, Items = frames }; }

    static void Driver()
    {
        var model = new Transform("model", null) { localPosition = new Vector3(3, 0, 1), localRotation = new Quaternion(0, 0.6f, 0, 0.8f) };
        var animator = new Animator { transform = model };
        model.parts.Add(animator);
        Func<string, Transform, Vector3, Transform> bone = (name, parent, offset) => new Transform("rig:" + name, parent) { localPosition = offset, localRotation = new Quaternion(0.5f, -0.5f, 0.1f, 0.7f) };
        var hips = bone("Hips", model, new Vector3(0, 1.8f, 0));
        var spine = bone("Spine", hips, new Vector3());
        var upper = bone("LeftUpperArm", spine, new Vector3());
        var lower = bone("LeftLowerArm", upper, new Vector3());
        lower.position = upper.position + model.rotation * new Vector3(-1, 0, 0);  // in T-pose the left arm points to Unity's -x
        var head = bone("Head", spine, new Vector3());
        var eye = bone("LeftEye", head, new Vector3());
        var ahead = Quaternion.Inverse(eye.rotation) * model.rotation * new Vector3(0, 0, 1);
        var mesh = new SkinnedMeshRenderer { transform = model, sharedMesh = new Mesh { shapes = new[] { "none", "blendShape1.JawOpen", "mouthSmile_L" } } };
        var joints = new List<string> { "Hips", "Spine", "Head", "LeftUpperArm", "LeftLowerArm", "LeftLittleProximal" };
        var driver = new HumanoidDriver(animator, joints, new List<int> { -1, 0, 1, 1, 3, 4 }, 0.9f);
        Check(driver.Missing.SequenceEqual(new[] { "LeftLittleProximal" }), "a bone that is not there is named");
        var turns = Enumerable.Repeat(new[] { 1f, 0, 0, 0 }, 6).ToArray();
        var half = (float)Math.Sqrt(0.5);
        turns[3] = new[] { half, 0, 0, half };  // the left arm, along +x on the wire, is raised
        var look = Face(0, 0.25f);
        look.Gaze = new[] { (float)Math.PI / 2, 0 };  // to the avatar's left
        driver.Show(new Frame { Root = new[] { 0.1f, 0.9f, 0 }, Rotations = turns.SelectMany(t => t).ToArray() }, look);
        var arm = Quaternion.Inverse(model.rotation) * (lower.position - upper.position);
        Check(Near(arm.x, 0) && Near(arm.y, 1) && Near(arm.z, 0), "a raised arm points up");
        var place = model.InverseTransformPoint(hips.position);
        Check(Near(place.x, -0.2f) && Near(place.y, 1.8f), "the hips are where the larger avatar has them");
        var seen = Quaternion.Inverse(model.rotation) * (eye.rotation * ahead);
        Check(Near(seen.x, -1) && Near(seen.z, 0), "the eye looks to the left");
        var face = new ArkitFaceDriver(new[] { mesh }, new List<string> { "jawOpen", "mouthSmileLeft", "tongueOut" });
        face.Show(look);
        Check(mesh.weights.Count == 2 && Near(mesh.weights[1], 25) && face.Missing.Single() == "tongueOut", "shapes by name");
    }

    static void Timeline()
    {
        var track = new LiveTrack();
        track.Push(Message(1, 0, Face(1, 0), Face(1.1, 1), Face(1.2, 1)));
        Check(Near(track.At(1.05).Weights[0], 0.5f) && Near(track.At(1.15).Weights[0], 1), "between frames");
        track.Push(Message(1.2, LiveProtocol.Discontinuity, Face(1.2, 0), Face(2, 0)));
        Check(Near(track.At(1.15).Weights[0], 0.5f) && Near(track.At(1.2).Weights[0], 0.5f) && Near(track.At(1.4).Weights[0], 0.25f) && Near(track.At(1.61).Weights[0], 0), "a gap is blended over in .4 s");
        Check(track.End == 2, "what is taken back is dropped");
    }

    static void SoundIsTheClock()
    {
        var sound = new LiveSound(16000);
        var data = new float[480];
        sound.Read(data, 2, 24000);
        Check(double.IsNaN(sound.Time), "no time without frames");
        sound.FramesUntil(0, 0.16);
        sound.Place(0.11, 5);
        sound.Add(5, Enumerable.Repeat(0.5f, 160).ToArray());
        sound.Read(data, 2, 24000);  // .1 to .11 s
        Check(Math.Abs(sound.Time - 0.11) < 1e-6 && data.All(v => v == 0), "silence before it");
        sound.Read(data, 2, 24000);
        Check(data[100] == 0.5f && data[101] == 0.5f, "both channels say it at its time");
        for (var k = 0; k < 9; k++) sound.Read(data, 2, 24000);
        Check(Math.Abs(sound.Time - 0.16) < 1e-6 && sound.Stalls == 1, "where frames are late the sound waits");
        sound.Hush();
        sound.FramesUntil(0, 0.6);
        sound.Read(data, 2, 24000);
        Check(sound.Time - 0.16 > 0.0102, "silence may be hurried through");
    }

    static void Json()
    {
        var told = (Dictionary<string, object>)LiveJson.Parse("{\"a\":[1,-2.5e1,true,null],\"b\":\"\\u00e9\\n\\\"\"}");
        Check((string)told["b"] == "é\n\"" && (double)((List<object>)told["a"])[1] == -25, "JSON is read");
        Check(LiveJson.Write(LiveJson.Parse(LiveJson.Write(told))) == LiveJson.Write(told), "and written");
        foreach (var wrong in new[] { "", "{", "[1,]", "{\"a\" 1}", "tru", "\"\\u12\"", new string('[', 99) })
            try { LiveJson.Parse(wrong); Check(false, wrong); } catch (System.IO.InvalidDataException) { }
    }

    static object Call(object target, string method, params object[] arguments)
    {
        return target.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(target, arguments);
    }

    /// The component as Unity runs it: sixty updates a second, and the sound card's calls.
    static void Live(string address)
    {
        var model = new Transform("model", null);
        model.children.Add(new Transform("rig:Hips", null) { parent = model, localPosition = new Vector3(0, 1, 0) });
        var mesh = new SkinnedMeshRenderer { transform = model, sharedMesh = new Mesh { shapes = new[] { "jawOpen" } } };
        var avatar = new GengineAvatar { transform = model, address = address, emotion = "happy:0.5", calm = 0.5f };
        foreach (var part in new Component[] { avatar, new Animator { transform = model }, mesh, new AudioSource { transform = model } }) model.parts.Add(part);
        var events = new List<string>();
        double started = double.NaN, resumed = 0;
        avatar.Heard += message =>
        {
            events.Add((string)message["type"]);
            if (events.Last() == "started") started = (double)message["at"];
            if (events.Last() == "welcome" && (bool)message["resumed"]) resumed++;
        };
        Call(avatar, "OnEnable");
        var data = new float[2 * 800];
        double loud = double.NaN;
        float open = 0, before = 0;
        var said = false;
        for (var k = 0; k < 60 * 40 && !(events.Contains("interrupted") && resumed > 0); k++)
        {
            Call(avatar, "Update");
            Call(avatar, "OnAudioFilterRead", data, 2);
            if (double.IsNaN(loud) && data.Any(v => v != 0)) loud = avatar.Sound.Time;
            Call(avatar, "LateUpdate");
            var jaw = mesh.weights.ContainsKey(0) ? mesh.weights[0] : 0;
            if (avatar.Sound.Time > started + 0.3) open = Math.Max(open, jaw); else if (!said) before = Math.Max(before, jaw);
            if (!said && avatar.Sound.Time > 0)
            {
                var noise = new System.Random(1);
                var vowel = Enumerable.Range(0, 16000 * 3).Select(i => (float)(0.3 * Math.Sin(i * 0.05) * Math.Sin(i * 0.0016) + 0.02 * noise.NextDouble() * Math.Sin(i * 0.0004))).ToArray();
                said = avatar.Say("1", vowel, new Dictionary<string, object> { { "phones", new[] {
                    Phone("P", 0.1, 0.3), Phone("AA", 0.3, 1.2), Phone("M", 1.2, 1.4), Phone("AA", 1.4, 2.8) } } });
                avatar.Feel("sad", 0.5f);
            }
            if (avatar.Sound.Time > started + 1.5 && !events.Contains("interrupted")) avatar.Interrupt();
            Thread.Sleep(16);
        }
        Call(avatar, "OnDisable");
        Check(Math.Abs(loud - started) < 0.06, "the sound is heard when it was placed: " + loud + " " + started);
        Check(open > before + 10, "the jaw opens: " + open + " after " + before);
        Check(resumed > 0, "a lost connection resumes: " + string.Join(" ", events));
        Check(events.Contains("interrupted"), "an interruption is answered: " + string.Join(" ", events));
    }

    static Dictionary<string, object> Phone(string symbol, double start, double end)
    {
        return new Dictionary<string, object> { { "symbol", symbol }, { "start", start }, { "end", end } };
    }

    static void Main(string[] arguments)
    {
        Driver();
        Timeline();
        SoundIsTheClock();
        Json();
        if (arguments.Length > 0) Live(arguments[0]);
        Console.WriteLine("ALL HOLDS");
    }
}
