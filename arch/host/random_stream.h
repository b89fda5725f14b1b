// SPDX-License-Identifier: Apache-2.0
//
// An endless stream of pseudo-random bytes: ChaCha20's key stream (RFC 8439)
// under a key made of a seed and a nonce that names the stream. Equal seeds
// give equal streams, on any host and for ever: a run's results depend on it.

#ifndef ARCH_HOST_RANDOM_STREAM_H_
#define ARCH_HOST_RANDOM_STREAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace emu {

class RandomStream {
 public:
  using Key = std::array<uint8_t, 32>;

  // Streams of one key that differ in `stream` have nothing in common.
  RandomStream(const Key& key, uint32_t stream);

  // The key that the number `seed` stands for.
  static Key KeyFromSeed(uint64_t seed);

  void Fill(absl::Span<char> out);
  uint64_t Next64();
  // Uniform in [0, bound). Requires: bound > 0.
  uint64_t Below(uint64_t bound);

 private:
  static constexpr size_t kBlock = 64;

  void NextBlock(char* out);

  std::array<uint32_t, 16> state_;
  std::array<char, kBlock> block_ = {};
  size_t used_ = kBlock;  // of block_
};

}  // namespace emu

#endif  // ARCH_HOST_RANDOM_STREAM_H_
