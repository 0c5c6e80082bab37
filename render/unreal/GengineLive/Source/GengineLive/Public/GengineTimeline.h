// SPDX-License-Identifier: Apache-2.0
// Frames and sound by session time. Plain C++17, no engine, no exceptions.
#pragma once
#include <algorithm>
#include <deque>
#include <limits>
#include "GengineFrames.h"

namespace gengine {

inline Quaternion Arc(const Quaternion& a, const Quaternion& b, float share) {  // the shorter one
  const float other = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z < 0 ? -share : share, rest = 1 - share;
  Quaternion q{a.w * rest + b.w * other, a.x * rest + b.x * other, a.y * rest + b.y * other, a.z * rest + b.z * other};
  const float length = std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  return length > 0 ? Quaternion{q.w / length, q.x / length, q.y / length, q.z / length} : b;
}

inline Frame Mix(const Frame& a, const Frame& b, float share) {
  const auto line = [share](float from, float to) { return from + (to - from) * share; };
  Frame out = b;
  out.time = a.time + (b.time - a.time) * share;
  for (size_t k = 0; k < kCurves; ++k) out.weights[k] = line(a.weights[k], b.weights[k]);
  out.yaw = line(a.yaw, b.yaw);
  out.pitch = line(a.pitch, b.pitch);
  out.head = Arc(a.head, b.head, share);
  for (size_t k = 0; k < 3; ++k) out.root[k] = line(a.root[k], b.root[k]);
  for (size_t j = 0; j < std::min(a.rotations.size(), b.rotations.size()); ++j)
    out.rotations[j] = Arc(a.rotations[j], b.rotations[j], share);
  return out;
}

// Frames of one kind: what is between two of them, and a smooth way over gaps.
class Track {
 public:
  double Begin() const { return frames_.empty() ? 0 : frames_.front().time; }
  double End() const { return frames_.empty() ? -std::numeric_limits<double>::infinity() : frames_.back().time; }

  void Push(const Frames& message) {
    if (message.flags & kDiscontinuity) {
      while (!frames_.empty() && frames_.back().time >= message.start) frames_.pop_back();
      gap_ = message.start;
    }
    for (const Frame& frame : message.frames)
      if (frame.time > End()) frames_.push_back(frame);
  }

  // The frame of a session time; false before anything came.
  bool At(double time, Frame& out) {
    if (frames_.empty()) {
      if (has_shown_) out = shown_;
      return has_shown_;
    }
    size_t k = frames_.size() - 1;
    while (k > 0 && frames_[k].time > time) --k;
    out = frames_[k];
    if (k + 1 < frames_.size() && time > out.time)
      out = Mix(frames_[k], frames_[k + 1], static_cast<float>((time - out.time) / (frames_[k + 1].time - out.time)));
    if (time >= gap_) {
      blends_ = has_shown_;
      from_ = shown_;
      since_ = time;
      gap_ = std::numeric_limits<double>::infinity();
    }
    const float share = static_cast<float>((time - since_) / kBlend);
    blends_ = blends_ && share >= 0 && share < 1;
    if (blends_) out = Mix(from_, out, share * share * (3 - 2 * share));
    for (; k > 0 && frames_.front().time < time - kKept; --k) frames_.pop_front();
    shown_ = out;
    has_shown_ = true;
    return true;
  }

 private:
  static constexpr double kKept = 1.0;   // seconds of frames that are kept behind what is shown
  static constexpr double kBlend = 0.4;  // seconds in which a gap is blended over
  std::deque<Frame> frames_;
  Frame shown_, from_;
  bool has_shown_ = false, blends_ = false;
  double gap_ = std::numeric_limits<double>::infinity(), since_ = 0;
};

// The clock of everything: samples are played at their session time, and what is shown follows them.
class Sound {
 public:
  explicit Sound(int rate) : rate_(rate) {}

  bool Runs() const { return runs_; }
  double Time() const { return time_; }  // session time of the next sample
  int Stalls() const { return stalls_; }  // how often frames came too late

  // Sample `sample` of what was sent is at session time `at` (message `started`).
  void Place(double at, uint32_t sample) { placed_ = true; at_ = at; sample_ = sample; }
  void Add(uint32_t first, std::vector<float> samples) {
    if (!samples.empty()) chunks_.push_back({first, std::move(samples)});
  }
  void Hush() { chunks_.clear(); placed_ = false; }  // silence at once
  void Reset() { Hush(); runs_ = false; cushion_ = kCushion; }

  // The next `count` mono samples at `output_rate` Hz, where frames are there from `begin` to `end` s.
  void Read(float* out, size_t count, double output_rate, double begin, double end) {
    if (!runs_ && end - begin >= cushion_) { runs_ = true; time_ = end - cushion_; }
    const double ahead = end - time_;
    const bool quiet = chunks_.empty() || !placed_ || StartOf(chunks_.front()) > time_;
    const double pace = quiet && ahead > cushion_ + kSlack ? 1 + kHurry + (ahead > 1 ? ahead : 0) : 1;
    for (size_t i = 0; i < count; ++i) {
      out[i] = 0;
      if (!runs_ || time_ >= end) {  // frames are late: the sound waits
        if (moving_) { ++stalls_; cushion_ = std::min(cushion_ + kStep, kLargest); }
        moving_ = false;
        continue;
      }
      moving_ = true;
      out[i] = Sample();
      time_ = std::min(time_ + pace / output_rate, end);
    }
  }

 private:
  static constexpr double kCushion = 0.06;  // seconds of frames that are kept ahead of what is shown
  static constexpr double kStep = 0.02;     // how much the cushion grows each time that frames came too late
  static constexpr double kLargest = 0.4;
  static constexpr double kSlack = 0.1;  // seconds that may be ahead besides before time hurries
  static constexpr double kHurry = 0.05;  // how much faster it runs then
  struct Chunk { uint32_t first; std::vector<float> samples; };

  double StartOf(const Chunk& chunk) const { return at_ + static_cast<int32_t>(chunk.first - sample_) / static_cast<double>(rate_); }

  float Sample() {  // of this moment, between its two neighbours
    while (!chunks_.empty() && placed_) {
      const double at = (time_ - StartOf(chunks_.front())) * rate_;
      if (at < 0) return 0;
      const std::vector<float>& samples = chunks_.front().samples;
      const size_t k = static_cast<size_t>(at);
      if (k >= samples.size()) { chunks_.pop_front(); continue; }
      const float next = k + 1 < samples.size() ? samples[k + 1] : chunks_.size() > 1 ? chunks_[1].samples[0] : 0;
      return samples[k] + (next - samples[k]) * static_cast<float>(at - k);
    }
    return 0;
  }

  int rate_, stalls_ = 0;
  bool runs_ = false, placed_ = false, moving_ = false;
  double time_ = 0, at_ = 0, cushion_ = kCushion;
  uint32_t sample_ = 0;
  std::deque<Chunk> chunks_;
};

}  // namespace gengine
