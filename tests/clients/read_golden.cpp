#include <cstdio>
#include <fstream>
#include <iterator>
#include "GengineFrames.h"
using namespace gengine;
static std::vector<uint8_t> Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
static void Turn(const Quaternion& q) { std::printf("%.7g,%.7g,%.7g,%.7g", q.w, q.x, q.y, q.z); }
int main(int, char** arguments) {
  int refused = 0;
  std::printf("{\"told\":[");
  for (int m = 1; m <= 2; ++m) {
    const auto data = Read(arguments[m]);
    Frames told;
    for (size_t end = 0; end < data.size(); ++end) {  // copies, so that a read past the end is seen
      const std::vector<uint8_t> cut(data.begin(), data.begin() + end);
      refused += !Decode(cut.data(), cut.size(), told);
    }
    for (size_t at = 0; at < data.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        auto other = data;
        other[at] ^= 1 << bit;
        Decode(other.data(), other.size(), told);
      }
    if (!Decode(data.data(), data.size(), told)) return 1;
    std::printf("%s{\"sequence\":%u,\"start\":%.7g,\"flags\":%d,\"fps\":%.7g", m > 1 ? "," : "", told.sequence, told.start,
                told.flags, told.fps);
    const bool face = told.kind == kFace;
    for (const char* name : {face ? "weights" : "root", face ? "gaze" : "rotations", face ? "head" : ""}) {
      if (!*name) continue;
      std::printf(",\"%s\":[", name);
      for (size_t i = 0; i < told.frames.size(); ++i) {
        const Frame& frame = told.frames[i];
        std::printf(i ? ",[" : "[");
        switch (*name) {
          case 'w': for (size_t k = 0; k < kCurves; ++k) std::printf(k ? ",%.7g" : "%.7g", frame.weights[k]); break;
          case 'g': std::printf("%.7g,%.7g", frame.yaw, frame.pitch); break;
          case 'h': Turn(frame.head); break;
          case 'r':
            if (name[1] == 'o' && name[2] == 'o') std::printf("%.7g,%.7g,%.7g", frame.root[0], frame.root[1], frame.root[2]);
            else for (size_t j = 0; j < frame.rotations.size(); ++j) { if (j) std::printf(","); Turn(frame.rotations[j]); }
        }
        std::printf("]");
      }
      std::printf("]");
    }
    std::printf("}");
  }
  const int16_t samples[] = {0, 8192, -8192, 32767, -32767};
  std::printf("],\"refused\":%d,\"sound\":\"", refused);
  for (uint8_t byte : EncodeSound(samples, 5, 3)) std::printf("%02x", byte);
  std::printf("\"}\n");
}
