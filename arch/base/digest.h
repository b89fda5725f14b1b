// SPDX-License-Identifier: Apache-2.0
//
// A digest for telling data apart, not for secrets: XXH3, 64 bits, the same on
// every CPU.

#ifndef ARCH_BASE_DIGEST_H_
#define ARCH_BASE_DIGEST_H_

#include <cstddef>
#include <cstdint>

namespace emu {

// Of the `n` bytes, behind those that `before` is the digest of.
uint64_t Digest(const void* bytes, size_t n, uint64_t before = 0);

}  // namespace emu

#endif  // ARCH_BASE_DIGEST_H_
