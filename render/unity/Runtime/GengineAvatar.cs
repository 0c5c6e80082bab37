// SPDX-License-Identifier: Apache-2.0
using System.Collections.Generic;
using System.Linq;
using UnityEngine;

namespace Gengine.Live
{
    using Message = Dictionary<string, object>;

    /// On a humanoid in T-pose, with an AudioSource: plays what it says and moves with it.
    [RequireComponent(typeof(AudioSource))]
    public sealed class GengineAvatar : MonoBehaviour
    {
        public string address = "ws://127.0.0.1:8470/live";
        public string token = "";
        [Tooltip("For example happy:0.6")] public string emotion = "neutral";
        [Range(0, 1), Tooltip("How much smaller and rarer its movement is")] public float calm;
        [Tooltip("Take the microphone; else it says what Say is given")] public bool microphone;
        public Animator animator;

        const int Rate = 16000;  // Hz of all sound that is sent

        /// Text messages of the server: welcome, started, ended, interrupted, spoken, load, error; and "waiting".
        public event System.Action<Message> Heard;
        public LiveConnection Connection { get; private set; }
        public LiveSound Sound { get; private set; }

        readonly LiveTimeline timeline = new LiveTimeline();
        HumanoidDriver body;
        ArkitFaceDriver face;
        AudioClip recorded;
        int taken, outputRate;
        string session;

        void OnEnable()
        {
            if (animator == null) animator = GetComponentInChildren<Animator>();
            outputRate = AudioSettings.outputSampleRate;
            Sound = new LiveSound(Rate);
            Connection = new LiveConnection(address, new Message
            {
                { "token", token.Length > 0 ? token : null }, { "source", microphone ? "microphone" : "speech" },
                { "audio", new Message { { "rate", Rate } } }, { "emotion", emotion }, { "skeleton", "unity" }, { "calm", calm },
            });
            Connection.Open();
            if (microphone) recorded = Microphone.Start(null, true, 1, Rate);
            GetComponent<AudioSource>().Play();  // without a clip: OnAudioFilterRead fills it
        }

        void OnDisable()
        {
            if (microphone) Microphone.End(null);
            Connection.Dispose();
        }

        /// Says mono samples at 16 kHz; `known` may hold text, words and phones with their times. False while not connected.
        public bool Say(string utterance, float[] samples, Message known = null)
        {
            var say = new Message(known ?? new Message()) { { "utterance", utterance } };
            if (!Connection.Tell("say", say) || !Push(samples)) return false;
            return Connection.Tell("end", new Message { { "utterance", utterance } });
        }

        /// More of an utterance that Tell("say") began and Tell("end") will end: for sound that comes in pieces.
        public bool Push(float[] samples)
        {
            var first = Connection.Sound(samples);
            if (first >= 0) Sound.Add((uint)first, samples);
            return first >= 0;
        }

        /// Breaks off: silence at once, and the avatar ends its sentence too.
        public void Interrupt()
        {
            Sound.Hush();
            Connection.Tell("interrupt", new Message { { "played_until", double.IsNaN(Sound.Time) ? 0 : Sound.Time } });
        }

        public void Feel(string mix, float fade = 0.4f) { Connection.Tell("emotion", new Message { { "mix", mix }, { "fade", fade } }); }
        public void Listen() { Connection.Tell("listen"); }
        public void Think() { Connection.Tell("think"); }

        void Update()
        {
            object came;
            while (Connection.Poll(out came))
            {
                var frames = came as Frames;
                if (frames != null) timeline.Push(frames);
                else Hear((Message)came);
            }
            Sound.FramesUntil(timeline.Face.Begin, timeline.Face.End);
            if (recorded != null) SendMicrophone();
        }

        void LateUpdate()
        {
            var time = Sound.Time;
            if (body == null || double.IsNaN(time)) return;
            var shown = timeline.Face.At(time);
            body.Show(timeline.Body.At(time), shown);
            face.Show(shown);
        }

        void OnAudioFilterRead(float[] data, int channels) { if (Sound != null) Sound.Read(data, channels, outputRate); }

        void Hear(Message message)
        {
            var type = (string)message["type"];
            if (type == "welcome")
            {
                if (session != (string)message["session"]) { session = (string)message["session"]; Sound.Reset(); }
                var names = (Message)message["names"];
                var joints = Strings(names["joints"]);
                var parents = ((List<object>)names["parents"]).Select(p => (int)(double)p).ToList();
                if (body == null) body = new HumanoidDriver(animator, joints, parents, HipHeight(parents, (List<object>)names["offsets"]));
                if (face == null) face = new ArkitFaceDriver(GetComponentsInChildren<SkinnedMeshRenderer>(), Strings(names["curves"]));
            }
            else if (type == "started") Sound.Place((double)message["at"], (uint)(double)message["sample"]);
            else if (type == "error") Debug.LogWarning("gengine: " + message["message"]);
            if (Heard != null) Heard(message);
        }

        void SendMicrophone()
        {
            var now = Microphone.GetPosition(null);
            var count = (now - taken + recorded.samples) % recorded.samples;
            if (count == 0) return;
            var samples = new float[count];
            recorded.GetData(samples, taken);  // goes on at the clip's beginning
            taken = now;
            Connection.Sound(samples);
        }

        static List<string> Strings(object list) { return ((List<object>)list).Cast<string>().ToList(); }

        /// Height of joint 0 over the lowest joint in T-pose, m.
        static float HipHeight(List<int> parents, List<object> offsets)
        {
            var heights = new float[parents.Count];
            for (var j = 1; j < heights.Length; j++) heights[j] = heights[parents[j]] + (float)(double)((List<object>)offsets[j])[1];
            return -heights.Min();
        }
    }
}
