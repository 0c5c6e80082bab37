// SPDX-License-Identifier: Apache-2.0
// Binary messages of gengine's live protocol, version 1 (render/protocol.md). Plain C++17, no engine, no exceptions.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace gengine {

constexpr uint8_t kVersion = 1, kFace = 1, kBody = 2, kSound = 16, kDiscontinuity = 1;
constexpr size_t kHeader = 24, kSoundHeader = 8, kCurves = 52, kFaceBytes = 64;

struct Quaternion { float w = 1, x = 0, y = 0, z = 0; };

struct Frame {
  double time = 0;                          // session time, s
  std::array<float, kCurves> weights{};     // of a face: ARKit's order, 0 to 1
  float yaw = 0, pitch = 0;                 // gaze, rad: to the avatar's left, up
  Quaternion head;                          // over a trunk at rest
  std::array<float, 3> root{};              // of a body: position of joint 0, m
  std::vector<Quaternion> rotations;        // local, over a T-pose of identity rotations
};

struct Frames {
  uint8_t kind = 0, flags = 0;
  uint32_t sequence = 0;
  double start = 0, fps = 0;
  std::vector<Frame> frames;
};

namespace detail {
template <class T> T Read(const uint8_t* at) {  // messages are little-endian, as are the machines engines run on
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}
inline Quaternion Turn(const uint8_t* at) {
  float q[4], sum = 0;
  for (int k = 0; k < 4; ++k) { q[k] = Read<int16_t>(at + 2 * k); sum += q[k] * q[k]; }
  const float scale = sum > 0 ? 1 / std::sqrt(sum) : 0;
  return sum > 0 ? Quaternion{q[0] * scale, q[1] * scale, q[2] * scale, q[3] * scale} : Quaternion{};
}
}  // namespace detail

// Reads a message of frames; false, and `out` without frames, where it is damaged or of another version.
inline bool Decode(const uint8_t* data, size_t size, Frames& out) {
  using detail::Read;
  out = Frames{};
  if (!data || size < kHeader || data[0] != 'G' || data[1] != 'E' || data[2] != kVersion) return false;
  out.kind = data[3];
  out.sequence = Read<uint32_t>(data + 4);
  out.start = static_cast<double>(Read<uint64_t>(data + 8)) / 1e6;
  out.fps = Read<uint16_t>(data + 16) / 100.0;
  out.flags = data[19];
  const size_t count = data[18], joints = Read<uint16_t>(data + 20);
  const size_t record = out.kind == kFace ? kFaceBytes : 12 + 8 * joints;
  if ((out.kind != kFace && out.kind != kBody) || !count || out.fps <= 0 || size != kHeader + count * record) return false;
  out.frames.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = data + kHeader + i * record;
    Frame& frame = out.frames[i];
    frame.time = out.start + i / out.fps;
    if (out.kind == kFace) {
      for (size_t k = 0; k < kCurves; ++k) frame.weights[k] = at[k] / 255.0f;
      frame.yaw = Read<int16_t>(at + kCurves) / 10000.0f;
      frame.pitch = Read<int16_t>(at + kCurves + 2) / 10000.0f;
      frame.head = detail::Turn(at + kCurves + 4);
    } else {
      for (size_t k = 0; k < 3; ++k) frame.root[k] = Read<float>(at + 4 * k);
      frame.rotations.resize(joints);
      for (size_t j = 0; j < joints; ++j) frame.rotations[j] = detail::Turn(at + 12 + 8 * j);
    }
  }
  return true;
}

// A message of sound; `first` is the number of its first sample in the stream.
inline std::vector<uint8_t> EncodeSound(const int16_t* samples, size_t count, uint32_t first) {
  std::vector<uint8_t> out(kSoundHeader + 2 * count);
  const uint8_t header[4] = {'G', 'E', kVersion, kSound};
  std::memcpy(out.data(), header, 4);
  std::memcpy(out.data() + 4, &first, 4);
  if (count) std::memcpy(out.data() + kSoundHeader, samples, 2 * count);
  return out;
}

// Unreal's axes: x ahead, y to the right, z up, left-handed, centimetres; ours: z ahead, x to the left, y up, metres.
inline Quaternion ToUnreal(const Quaternion& q) { return {q.w, -q.z, q.x, -q.y}; }
inline std::array<double, 3> ToUnreal(const std::array<float, 3>& p) { return {p[2] * 100.0, p[0] * -100.0, p[1] * 100.0}; }

}  // namespace gengine
