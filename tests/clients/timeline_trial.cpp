// The plug-in's plain core: what is shown and heard when.
#include <cstdio>
#include <cstdlib>
#include "GengineTimeline.h"
using namespace gengine;

static void Check(bool holds, const char* what) {
  if (!holds) { std::printf("does not hold: %s\n", what); std::exit(1); }
}
static bool Near(double a, double b) { return std::fabs(a - b) < 1e-4; }
static Frame At(double time, float weight) {
  Frame frame;
  frame.time = time;
  frame.weights.fill(weight);
  frame.rotations.assign(2, weight > 0.5f ? Quaternion{0, -1, 0, 0} : Quaternion{});
  return frame;
}
static Frames Message(double start, uint8_t flags, std::vector<Frame> frames) {
  Frames message;
  message.kind = kFace;
  message.flags = flags;
  message.start = start;
  message.frames = std::move(frames);
  return message;
}

int main() {
  Track track;
  Frame shown;
  Check(!track.At(0, shown), "nothing is shown before anything came");
  track.Push(Message(1, 0, {At(1, 0), At(1.1, 1), At(1.2, 1)}));
  Check(track.At(1.05, shown) && Near(shown.weights[0], 0.5), "between frames");
  Check(Near(shown.rotations[1].w, std::sqrt(0.5)) && Near(shown.rotations[1].x, -std::sqrt(0.5)), "the shorter arc");
  track.Push(Message(1.2, kDiscontinuity, {At(1.2, 0), At(2, 0)}));
  Check(track.At(1.15, shown) && Near(shown.weights[0], 0.5), "what is taken back is dropped");
  Check(track.At(1.2, shown) && Near(shown.weights[0], 0.5), "a gap begins softly");
  Check(track.At(1.4, shown) && Near(shown.weights[0], 0.25), "and is blended over");
  Check(track.At(1.61, shown) && Near(shown.weights[0], 0), "in .4 s");
  for (int k = 0; k < 1000; ++k) track.Push(Message(k, 0, {At(3 + k, 0)})), track.At(3 + k, shown);
  Check(Near(track.End() - track.Begin(), 1), "old frames are forgotten");

  Sound sound(16000);
  std::vector<float> out(2000, 9);
  sound.Read(out.data(), 4, 24000, 0, -1);
  Check(!sound.Runs() && out[3] == 0, "no time without frames");
  sound.Place(0.11, 0xfffffffe);
  sound.Add(0xfffffffe, {0.5f, 0.5f});
  sound.Add(0, std::vector<float>(200, 0.5f));
  sound.Read(out.data(), 240, 24000, 0, 0.16);
  Check(Near(sound.Time(), 0.11) && out[238] == 0, "the clock begins a cushion before the newest frame");
  sound.Read(out.data(), 100, 24000, 0, 0.16);
  Check(Near(out[1], 0.5) && Near(out[90], 0.5), "samples are heard at their time, across 2^32");
  sound.Read(out.data(), 2000, 24000, 0, 0.16);
  Check(Near(sound.Time(), 0.16) && sound.Stalls() == 1 && out[1999] == 0, "where frames are late the sound waits");
  sound.Hush();
  sound.Read(out.data(), 240, 24000, 0, 0.6);
  Check(sound.Time() > 0.1702, "silence may be hurried through");
  std::printf("ALL HOLDS\n");
}
