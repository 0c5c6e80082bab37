using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Gengine.Live;

static class ReadGolden
{
    static string Numbers(IEnumerable<float> values)
    {
        return "[" + string.Join(",", values.Select(v => v.ToString("G7", CultureInfo.InvariantCulture))) + "]";
    }

    static void Main(string[] paths)
    {
        var refused = 0;
        var told = new List<string>();
        foreach (var data in paths.Take(2).Select(File.ReadAllBytes))
        {
            for (var end = 0; end < data.Length; end++)
                try { LiveProtocol.Decode(data.Take(end).ToArray()); } catch (InvalidDataException) { refused++; }
            var frames = LiveProtocol.Decode(data);
            var face = frames.Kind == LiveProtocol.Face;
            var rows = face
                ? new Dictionary<string, Func<Frame, float[]>> { { "weights", f => f.Weights }, { "gaze", f => f.Gaze }, { "head", f => f.Head } }
                : new Dictionary<string, Func<Frame, float[]>> { { "root", f => f.Root }, { "rotations", f => f.Rotations } };
            told.Add(string.Format(CultureInfo.InvariantCulture, "{{\"sequence\":{0},\"start\":{1},\"flags\":{2},\"fps\":{3},{4}}}",
                frames.Sequence, frames.Start, frames.Flags, frames.Fps,
                string.Join(",", rows.Select(r => "\"" + r.Key + "\":[" + string.Join(",", frames.Items.Select(f => Numbers(r.Value(f)))) + "]"))));
        }
        var sound = LiveProtocol.EncodeSound(new[] { 0f, 0.25f, -0.25f, 1f, -1f }, 0, 5, 3);
        Console.WriteLine("{\"told\":[" + string.Join(",", told) + "],\"refused\":" + refused + ",\"sound\":\"" +
            string.Concat(sound.Select(b => b.ToString("x2"))) + "\"}");
    }
}
