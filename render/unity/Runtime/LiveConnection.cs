// SPDX-License-Identifier: Apache-2.0
// The WebSocket: hello, resume with growing pauses and without end, sound out, frames and events in. Plain C#, no engine.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Gengine.Live
{
    using Message = Dictionary<string, object>;

    /// Threads of its own do the waiting; the game takes what came with `Poll`.
    public sealed class LiveConnection : IDisposable
    {
        const double FirstPause = 0.25, LongestPause = 8;  // seconds
        const int LongestSound = 16000;                    // samples of a message
        const int MostWaiting = 2000;                      // messages that are kept while nobody polls

        readonly Uri address;
        readonly Message hello;
        readonly CancellationTokenSource ended = new CancellationTokenSource();
        readonly ConcurrentQueue<object> came = new ConcurrentQueue<object>();
        readonly BlockingCollection<ArraySegment<byte>> outgoing = new BlockingCollection<ArraySegment<byte>>(MostWaiting);
        readonly object gate = new object();
        string session;
        long lastSequence = -1;
        uint sample;
        double pause = FirstPause;
        volatile bool open;

        /// `hello` holds the fields of that message besides `type` and `v`: source, audio, emotion, skeleton, calm …
        public LiveConnection(string address, Message hello)
        {
            this.address = new Uri(address);
            this.hello = new Message(hello) { { "type", "hello" }, { "v", 1 } };
        }

        /// Whether a session is there now.
        public bool IsOpen { get { return open; } }

        public void Open() { Task.Run((Func<Task>)Run); }

        public void Dispose() { ended.Cancel(); open = false; }

        /// What came since: `Frames`, or a text message as a dictionary with its `type`; false where there is nothing.
        public bool Poll(out object message) { return came.TryDequeue(out message); }

        /// Sends a text message; false while not connected.
        public bool Tell(string type, Message values = null)
        {
            return open && Post(new Message(values ?? new Message()) { { "type", type } });
        }

        /// Sends mono samples in [-1, 1] at the rate of the hello; the number of the first, or -1 while not connected.
        public long Sound(float[] samples)
        {
            lock (gate)
            {
                if (!open) return -1;
                var first = sample;
                for (var at = 0; at < samples.Length; at += LongestSound)
                {
                    var count = Math.Min(LongestSound, samples.Length - at);
                    if (!outgoing.TryAdd(new ArraySegment<byte>(LiveProtocol.EncodeSound(samples, at, count, sample)))) return -1;
                    sample += (uint)count;
                }
                return first;
            }
        }

        bool Post(Message message)
        {
            return outgoing.TryAdd(new ArraySegment<byte>(Encoding.UTF8.GetBytes(LiveJson.Write(message))));
        }

        async Task Run()
        {
            while (!ended.IsCancellationRequested)
            {
                try { await Converse(); }
                catch (Exception error)
                {
                    if (!(error is WebSocketException || error is IOException || error is InvalidDataException || error is OperationCanceledException || error is InvalidOperationException)) throw;
                }
                open = false;
                if (ended.IsCancellationRequested) return;
                came.Enqueue(new Message { { "type", "waiting" }, { "seconds", pause } });
                try { await Task.Delay(TimeSpan.FromSeconds(pause), ended.Token); } catch (OperationCanceledException) { return; }
                pause = Math.Min(2 * pause, LongestPause);
            }
        }

        async Task Converse()
        {
            ArraySegment<byte> old;
            while (outgoing.TryTake(out old)) { }
            using (var socket = new ClientWebSocket())
            using (var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token))
            {
                await socket.ConnectAsync(address, stop.Token);
                object token;
                hello.TryGetValue("token", out token);
                var first = session == null ? hello : new Message
                    { { "type", "resume" }, { "v", 1 }, { "token", token }, { "session", session }, { "last_seq", lastSequence } };
                var text = Encoding.UTF8.GetBytes(LiveJson.Write(first));
                await socket.SendAsync(new ArraySegment<byte>(text), WebSocketMessageType.Text, true, stop.Token);
                var writing = Task.Run(() => Write(socket, stop.Token));
                try { await Read(socket, stop.Token); }
                finally
                {
                    stop.Cancel();
                    try { await writing; } catch (Exception error) { if (!(error is OperationCanceledException || error is WebSocketException)) throw; }
                }
            }
        }

        async Task Write(ClientWebSocket socket, CancellationToken stop)
        {
            foreach (var message in outgoing.GetConsumingEnumerable(stop))
            {
                var kind = message.Array[message.Offset] == (byte)'{' ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
                await socket.SendAsync(message, kind, true, stop);
            }
        }

        async Task Read(ClientWebSocket socket, CancellationToken stop)
        {
            var buffer = new byte[65536];
            var whole = new MemoryStream();
            while (true)
            {
                var part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), stop);
                if (part.MessageType == WebSocketMessageType.Close) return;
                whole.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                var data = whole.ToArray();
                whole.SetLength(0);
                if (part.MessageType == WebSocketMessageType.Text) Hear((Message)LiveJson.Parse(Encoding.UTF8.GetString(data)));
                else if (data.Length > 3 && data[3] != LiveProtocol.Sound)
                {
                    var frames = LiveProtocol.Decode(data);
                    lastSequence = frames.Sequence;
                    Give(frames);
                }
            }
        }

        void Hear(Message message)
        {
            var type = (string)message["type"];
            if (type == "welcome")
            {
                if (!(bool)message["resumed"]) lastSequence = -1;
                session = (string)message["session"];
                lock (gate)
                {
                    sample = (uint)(double)message["sample"];
                    pause = FirstPause;
                    open = true;
                }
            }
            else if (type == "error")
            {
                var code = (string)message["code"];
                object retry;
                if (code == "no_session") session = null;
                if (message.TryGetValue("retry", out retry) && retry is double) pause = Math.Max(pause, (double)retry);
                if (!open && code.StartsWith("bad_")) Dispose();  // it will not get better by itself
            }
            Give(message);
        }

        void Give(object message)
        {
            object old;
            while (came.Count >= MostWaiting && came.TryDequeue(out old)) { }
            came.Enqueue(message);
        }
    }
}
