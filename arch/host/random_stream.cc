// SPDX-License-Identifier: Apache-2.0

#include "arch/host/random_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace emu {
namespace {

uint32_t LoadLittleEndian(const uint8_t* p) {
  return p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24;
}

void StoreLittleEndian(uint32_t value, char* out) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

void QuarterRound(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  a += b, d = std::rotl(d ^ a, 16);
  c += d, b = std::rotl(b ^ c, 12);
  a += b, d = std::rotl(d ^ a, 8);
  c += d, b = std::rotl(b ^ c, 7);
}

}  // namespace

// The state of RFC 8439, 2.3, with the block counter as 64 bits (words 12 and
// 13, as ChaCha20 was first published), so that the stream has no end.
RandomStream::RandomStream(const Key& key, uint32_t stream)
    : state_{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574} {
  for (int i = 0; i < 8; ++i) state_[4 + i] = LoadLittleEndian(&key[4 * i]);
  state_[14] = stream;
}

RandomStream::Key RandomStream::KeyFromSeed(uint64_t seed) {
  static constexpr char kLabel[] = "emu seed";
  Key key = {};
  for (int i = 0; i < 8; ++i) key[i] = static_cast<uint8_t>(seed >> (8 * i));
  std::copy_n(kLabel, 8, key.begin() + 8);
  return key;
}

void RandomStream::NextBlock(char* out) {
  std::array<uint32_t, 16> x = state_;
  for (int round = 0; round < 10; ++round) {
    QuarterRound(x[0], x[4], x[8], x[12]);
    QuarterRound(x[1], x[5], x[9], x[13]);
    QuarterRound(x[2], x[6], x[10], x[14]);
    QuarterRound(x[3], x[7], x[11], x[15]);
    QuarterRound(x[0], x[5], x[10], x[15]);
    QuarterRound(x[1], x[6], x[11], x[12]);
    QuarterRound(x[2], x[7], x[8], x[13]);
    QuarterRound(x[3], x[4], x[9], x[14]);
  }
  for (int i = 0; i < 16; ++i) StoreLittleEndian(x[i] + state_[i], out + 4 * i);
  if (++state_[12] == 0) ++state_[13];
}

void RandomStream::Fill(absl::Span<char> out) {
  while (!out.empty()) {
    if (used_ == kBlock) {
      while (out.size() >= kBlock) {
        NextBlock(out.data());
        out.remove_prefix(kBlock);
      }
      if (out.empty()) return;
      NextBlock(block_.data());
      used_ = 0;
    }
    const size_t n = std::min(out.size(), kBlock - used_);
    std::memcpy(out.data(), &block_[used_], n);
    used_ += n;
    out.remove_prefix(n);
  }
}

uint64_t RandomStream::Next64() {
  char bytes[8];
  Fill(absl::MakeSpan(bytes));
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

uint64_t RandomStream::Below(uint64_t bound) {
  // The numbers of 64 bits that would favour small results are drawn again.
  const uint64_t uneven = -bound % bound;
  uint64_t value = Next64();
  while (value < uneven) value = Next64();
  return value % bound;
}

}  // namespace emu
