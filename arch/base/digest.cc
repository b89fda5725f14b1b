// SPDX-License-Identifier: Apache-2.0

#include "arch/base/digest.h"

#include <xxhash.h>

namespace emu {

uint64_t Digest(const void* bytes, size_t n, uint64_t before) {
  return XXH3_64bits_withSeed(bytes, n, before);
}

}  // namespace emu
