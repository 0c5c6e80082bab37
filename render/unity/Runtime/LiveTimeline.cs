// SPDX-License-Identifier: Apache-2.0
// Frames by session time: what is between two of them, and a smooth way over gaps. Plain C#, no engine.
using System;
using System.Collections.Generic;

namespace Gengine.Live
{
    /// Frames of one kind.
    public sealed class LiveTrack
    {
        const double Kept = 1.0;   // seconds of frames that are kept behind what is shown
        const double Blend = 0.4;  // seconds in which a gap is blended over

        readonly List<Frame> frames = new List<Frame>();
        Frame shown, from;
        double gap = double.NaN, since;

        public double End { get { return frames.Count > 0 ? frames[frames.Count - 1].Time : double.NegativeInfinity; } }
        public double Begin { get { return frames.Count > 0 ? frames[0].Time : double.NaN; } }

        public void Push(Frames message)
        {
            if ((message.Flags & LiveProtocol.Discontinuity) != 0)
            {
                frames.RemoveAll(f => f.Time >= message.Start);
                gap = message.Start;
            }
            foreach (var frame in message.Items) if (frame.Time > End) frames.Add(frame);
        }

        /// The frame of a session time; null before anything came.
        public Frame At(double time)
        {
            var k = frames.Count - 1;
            if (k < 0) return shown;
            while (k > 0 && frames[k].Time > time) k--;
            var a = frames[k];
            var b = k + 1 < frames.Count ? frames[k + 1] : null;
            var pose = b != null && time > a.Time ? Mix(a, b, (float)((time - a.Time) / (b.Time - a.Time))) : a;
            if (time >= gap)
            {
                from = shown;
                since = time;
                gap = double.NaN;
            }
            var share = (float)((time - since) / Blend);
            if (from != null && share >= 0 && share < 1) pose = Mix(from, pose, share * share * (3 - 2 * share));
            else from = null;
            var old = 0;
            while (old < k && frames[old].Time < time - Kept) old++;
            frames.RemoveRange(0, old);
            return shown = pose;
        }

        static Frame Mix(Frame a, Frame b, float share)
        {
            return new Frame
            {
                Time = a.Time + (b.Time - a.Time) * share,
                Weights = Line(a.Weights, b.Weights, share),
                Gaze = Line(a.Gaze, b.Gaze, share),
                Root = Line(a.Root, b.Root, share),
                Head = Arc(a.Head, b.Head, share),
                Rotations = Arc(a.Rotations, b.Rotations, share),
            };
        }

        static float[] Line(float[] a, float[] b, float share)
        {
            if (a == null || b == null) return b;
            var mixed = new float[b.Length];
            for (var i = 0; i < b.Length; i++) mixed[i] = a[i] + (b[i] - a[i]) * share;
            return mixed;
        }

        /// The shorter arc between unit quaternions, one behind the other.
        static float[] Arc(float[] a, float[] b, float share)
        {
            if (a == null || b == null) return b;
            var mixed = new float[b.Length];
            for (var j = 0; j < b.Length; j += 4)
            {
                float dot = 0, sum = 0;
                for (var k = 0; k < 4; k++) dot += a[j + k] * b[j + k];
                for (var k = 0; k < 4; k++)
                {
                    mixed[j + k] = a[j + k] * (1 - share) + (dot < 0 ? -share : share) * b[j + k];
                    sum += mixed[j + k] * mixed[j + k];
                }
                var scale = sum > 0 ? 1 / (float)Math.Sqrt(sum) : 0;
                for (var k = 0; k < 4; k++) mixed[j + k] *= scale;
            }
            return mixed;
        }
    }

    /// Face and body.
    public sealed class LiveTimeline
    {
        public readonly LiveTrack Face = new LiveTrack(), Body = new LiveTrack();

        public void Push(Frames message) { (message.Kind == LiveProtocol.Face ? Face : Body).Push(message); }
    }
}
