// SPDX-License-Identifier: Apache-2.0
using UnityEngine;

namespace Gengine.Live.Sample
{
    /// Buttons for a GengineAvatar: say a clip, change the emotion, interrupt, listen, think.
    [RequireComponent(typeof(GengineAvatar))]
    public sealed class TalkingAvatar : MonoBehaviour
    {
        [Tooltip("Mono, 16 kHz, decompressed on load")] public AudioClip speech;
        public string text = "";

        static readonly string[] Emotions = { "neutral", "happy", "sad", "angry", "surprised", "amused" };
        string told = "connecting";
        int said;

        void Start()
        {
            GetComponent<GengineAvatar>().Heard += message => told = message["type"] + (message.ContainsKey("message") ? ": " + message["message"] : "");
        }

        void OnGUI()
        {
            var avatar = GetComponent<GengineAvatar>();
            GUILayout.Label(told + "   stalls " + avatar.Sound.Stalls);
            if (speech != null && GUILayout.Button("Say it"))
            {
                var samples = new float[speech.samples];
                speech.GetData(samples, 0);
                avatar.Say("say " + ++said, samples, new System.Collections.Generic.Dictionary<string, object> { { "text", text.Length > 0 ? text : null } });
            }
            if (GUILayout.Button("Interrupt")) avatar.Interrupt();
            if (GUILayout.Button("Listen")) avatar.Listen();
            if (GUILayout.Button("Think")) avatar.Think();
            foreach (var emotion in Emotions) if (GUILayout.Button(emotion)) avatar.Feel(emotion + ":0.7");
        }
    }
}
