// SPDX-License-Identifier: Apache-2.0
// Binary messages of gengine's live protocol, version 1 (render/protocol.md). Plain C#, no engine.
using System;
using System.IO;

namespace Gengine.Live
{
    /// One frame, of a face (Weights, Gaze, Head) or of a body (Root, Rotations).
    public sealed class Frame
    {
        public double Time;         // session time, s
        public float[] Weights;     // 52, ARKit's order, 0 to 1
        public float[] Gaze;        // yaw to the avatar's left, pitch up, rad
        public float[] Head;        // w, x, y, z over a trunk at rest
        public float[] Root;        // position of joint 0, m
        public float[] Rotations;   // w, x, y, z of every joint, local, over a T-pose of identity rotations
    }

    public sealed class Frames
    {
        public byte Kind, Flags;
        public uint Sequence;
        public double Start, Fps;
        public Frame[] Items;
    }

    public static class LiveProtocol
    {
        public const byte Version = 1, Face = 1, Body = 2, Sound = 16, Discontinuity = 1;
        const int Header = 24, SoundHeader = 8, Curves = 52, FaceBytes = 64;

        /// Reads a message of frames; an InvalidDataException for one that is damaged or of another version.
        public static Frames Decode(byte[] data)
        {
            if (data.Length < Header || data[0] != 'G' || data[1] != 'E' || data[2] != Version) throw Bad(data);
            var kind = data[3];
            int count = data[18], joints = BitConverter.ToUInt16(data, 20);
            int record = kind == Face ? FaceBytes : 12 + 8 * joints;
            var fps = BitConverter.ToUInt16(data, 16) / 100.0;
            if ((kind != Face && kind != Body) || count == 0 || fps <= 0 || data.Length != Header + count * record) throw Bad(data);
            var start = BitConverter.ToUInt64(data, 8) / 1e6;
            var items = new Frame[count];
            for (var i = 0; i < count; i++)
            {
                var at = Header + i * record;
                var frame = items[i] = new Frame { Time = start + i / fps };
                if (kind == Face)
                {
                    frame.Weights = new float[Curves];
                    for (var k = 0; k < Curves; k++) frame.Weights[k] = data[at + k] / 255f;
                    frame.Gaze = new[] { Short(data, at + Curves) / 10000f, Short(data, at + Curves + 2) / 10000f };
                    frame.Head = Turns(data, at + Curves + 4, 1);
                }
                else
                {
                    frame.Root = new[] { BitConverter.ToSingle(data, at), BitConverter.ToSingle(data, at + 4), BitConverter.ToSingle(data, at + 8) };
                    frame.Rotations = Turns(data, at + 12, joints);
                }
            }
            return new Frames { Kind = kind, Flags = data[19], Sequence = BitConverter.ToUInt32(data, 4), Start = start, Fps = fps, Items = items };
        }

        /// A message of sound, mono in [-1, 1]; first is the number of its first sample in the stream.
        public static byte[] EncodeSound(float[] samples, int offset, int count, uint first)
        {
            var data = new byte[SoundHeader + 2 * count];
            data[0] = (byte)'G'; data[1] = (byte)'E'; data[2] = Version; data[3] = Sound;
            Buffer.BlockCopy(BitConverter.GetBytes(first), 0, data, 4, 4);
            for (var i = 0; i < count; i++)
            {
                var value = (short)Math.Round(Math.Max(-1f, Math.Min(1f, samples[offset + i])) * 32767f);
                data[SoundHeader + 2 * i] = (byte)value;
                data[SoundHeader + 2 * i + 1] = (byte)(value >> 8);
            }
            return data;
        }

        static short Short(byte[] data, int at) { return BitConverter.ToInt16(data, at); }

        static float[] Turns(byte[] data, int at, int count)
        {
            var turns = new float[4 * count];
            for (var j = 0; j < turns.Length; j += 4)
            {
                var sum = 0f;
                for (var k = 0; k < 4; k++) { turns[j + k] = Short(data, at + 2 * (j + k)); sum += turns[j + k] * turns[j + k]; }
                var scale = sum > 0 ? 1f / (float)Math.Sqrt(sum) : 0f;
                for (var k = 0; k < 4; k++) turns[j + k] *= scale;
            }
            return turns;
        }

        static InvalidDataException Bad(byte[] data) { return new InvalidDataException("message of frames: " + data.Length + " bytes, damaged or foreign"); }
    }
}
