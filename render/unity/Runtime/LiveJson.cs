// SPDX-License-Identifier: Apache-2.0
// JSON as the protocol uses it: objects are Dictionary<string, object>, lists List<object>, numbers double. Plain C#.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace Gengine.Live
{
    public static class LiveJson
    {
        const int Deepest = 32;

        /// The value that `text` is; an InvalidDataException for what is no JSON.
        public static object Parse(string text)
        {
            var at = 0;
            var value = Value(text, ref at, 0);
            Blank(text, ref at);
            if (at != text.Length) throw Bad(at);
            return value;
        }

        public static string Write(object value)
        {
            var told = value as string;
            if (value == null) return "null";
            if (told != null) return Quoted(told);
            if (value is bool) return (bool)value ? "true" : "false";
            var members = value as IDictionary<string, object>;
            if (members != null) return "{" + string.Join(",", members.Where(m => m.Value != null).Select(m => Quoted(m.Key) + ":" + Write(m.Value))) + "}";
            var items = value as IEnumerable;
            if (items != null) return "[" + string.Join(",", items.Cast<object>().Select(Write)) + "]";
            return Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
        }

        static object Value(string text, ref int at, int depth)
        {
            Blank(text, ref at);
            if (at >= text.Length || depth > Deepest) throw Bad(at);
            switch (text[at])
            {
                case '{':
                    var members = new Dictionary<string, object>();
                    at++;
                    while (Open(text, ref at, '}', members.Count > 0))
                    {
                        Blank(text, ref at);
                        var name = String(text, ref at);
                        Expect(text, ref at, ':');
                        members[name] = Value(text, ref at, depth + 1);
                    }
                    return members;
                case '[':
                    var items = new List<object>();
                    at++;
                    while (Open(text, ref at, ']', items.Count > 0)) items.Add(Value(text, ref at, depth + 1));
                    return items;
                case '"': return String(text, ref at);
                case 't': return Word(text, ref at, "true", true);
                case 'f': return Word(text, ref at, "false", false);
                case 'n': return Word(text, ref at, "null", null);
            }
            var from = at;
            while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0) at++;
            double number;
            if (!double.TryParse(text.Substring(from, at - from), NumberStyles.Float, CultureInfo.InvariantCulture, out number)) throw Bad(from);
            return number;
        }

        /// Whether another item follows; moves past the comma or the closing bracket.
        static bool Open(string text, ref int at, char close, bool more)
        {
            Blank(text, ref at);
            if (at < text.Length && text[at] == close) { at++; return false; }
            if (more) Expect(text, ref at, ',');
            return true;
        }

        static string String(string text, ref int at)
        {
            Expect(text, ref at, '"');
            var said = new StringBuilder();
            for (; at < text.Length; at++)
            {
                var c = text[at];
                if (c == '"') { at++; return said.ToString(); }
                if (c != '\\') { said.Append(c); continue; }
                if (++at >= text.Length) break;
                var escaped = "\"\\/bfnrt".IndexOf(text[at]);
                int code;
                if (escaped >= 0) said.Append("\"\\/\b\f\n\r\t"[escaped]);
                else if (text[at] == 'u' && at + 4 < text.Length && int.TryParse(text.Substring(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out code))
                {
                    said.Append((char)code);
                    at += 4;
                }
                else throw Bad(at);
            }
            throw Bad(at);
        }

        static string Quoted(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach (var c in text)
            {
                if (c == '"' || c == '\\') quoted.Append('\\').Append(c);
                else if (c < ' ') quoted.Append("\\u").Append(((int)c).ToString("x4"));
                else quoted.Append(c);
            }
            return quoted.Append('"').ToString();
        }

        static object Word(string text, ref int at, string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw Bad(at);
            at += word.Length;
            return value;
        }

        static void Expect(string text, ref int at, char c)
        {
            Blank(text, ref at);
            if (at >= text.Length || text[at] != c) throw Bad(at);
            at++;
        }

        static void Blank(string text, ref int at) { while (at < text.Length && char.IsWhiteSpace(text[at])) at++; }

        static InvalidDataException Bad(int at) { return new InvalidDataException("JSON: damaged at character " + at); }
    }
}
