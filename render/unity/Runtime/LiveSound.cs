// SPDX-License-Identifier: Apache-2.0
// The clock of everything: samples are played at their session time, and what is shown follows them. Plain C#, no engine.
using System;
using System.Collections.Generic;

namespace Gengine.Live
{
    /// `Read` is called by the sound card's thread, everything else by the game's.
    public sealed class LiveSound
    {
        const double Cushion = 0.06;  // seconds of frames that are kept ahead of what is shown
        const double Step = 0.02;     // how much the cushion grows each time that frames came too late
        const double Largest = 0.4;
        const double Slack = 0.1;     // seconds that may be ahead besides before time hurries
        const double Hurry = 0.05;    // how much faster it runs then

        struct Chunk { public uint First; public float[] Samples; }

        readonly object gate = new object();
        readonly List<Chunk> chunks = new List<Chunk>();
        readonly int rate;
        double time = double.NaN, begin = double.NaN, end = double.NegativeInfinity, placeAt = double.NaN, cushion = Cushion;
        uint placeSample;

        /// `rate` is that of the samples, as the hello said it.
        public LiveSound(int rate) { this.rate = rate; }

        /// Session time that is heard now; NaN before there are frames.
        public double Time { get { lock (gate) return time; } }
        /// How often frames came too late.
        public int Stalls { get; private set; }

        /// Frames of the face are there from `first` to `newest` s.
        public void FramesUntil(double first, double newest) { lock (gate) { begin = first; end = newest; } }

        /// Sample `sample` of what was sent is at session time `at` (message `started`).
        public void Place(double at, uint sample) { lock (gate) { placeAt = at; placeSample = sample; } }

        public void Add(uint first, float[] samples) { lock (gate) chunks.Add(new Chunk { First = first, Samples = samples }); }

        /// Silence at once.
        public void Hush() { lock (gate) { chunks.Clear(); placeAt = double.NaN; } }

        /// Another session: its clock is another.
        public void Reset() { lock (gate) { chunks.Clear(); placeAt = time = double.NaN; end = double.NegativeInfinity; cushion = Cushion; } }

        /// Fill `data` (interleaved `channels` at `outputRate` Hz) and move on.
        public void Read(float[] data, int channels, int outputRate)
        {
            lock (gate)
            {
                Array.Clear(data, 0, data.Length);
                if (double.IsNaN(time))
                {
                    if (double.IsNegativeInfinity(end) || end - begin < cushion) return;
                    time = end - cushion;
                }
                var ahead = end - time;
                var quiet = chunks.Count == 0 || double.IsNaN(placeAt) || StartOf(chunks[0]) > time;
                var pace = quiet && ahead > cushion + Slack ? 1 + Hurry + (ahead > 1 ? ahead : 0) : 1;
                var step = pace / outputRate;
                var count = data.Length / channels;
                for (var i = 0; i < count; i++)
                {
                    if (time >= end)  // frames are late: the sound waits
                    {
                        if (i > 0) { Stalls++; cushion = Math.Min(cushion + Step, Largest); }
                        return;
                    }
                    var value = Sample();
                    for (var c = 0; c < channels; c++) data[i * channels + c] = value;
                    time = Math.Min(time + step, end);
                }
            }
        }

        double StartOf(Chunk chunk) { return placeAt + (int)(chunk.First - placeSample) / (double)rate; }

        /// The sample of this moment, between its two neighbours.
        float Sample()
        {
            while (chunks.Count > 0 && !double.IsNaN(placeAt))
            {
                var at = (time - StartOf(chunks[0])) * rate;
                if (at < 0) return 0;
                var k = (int)at;
                var samples = chunks[0].Samples;
                if (k >= samples.Length) { chunks.RemoveAt(0); continue; }
                var next = k + 1 < samples.Length ? samples[k + 1] : chunks.Count > 1 ? chunks[1].Samples[0] : 0;
                return samples[k] + (next - samples[k]) * (float)(at - k);
            }
            return 0;
        }
    }
}
