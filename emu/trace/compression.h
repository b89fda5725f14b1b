// SPDX-License-Identifier: Apache-2.0
//
// How payloads of blocks are compressed, with zstd.

#ifndef EMU_TRACE_COMPRESSION_H_
#define EMU_TRACE_COMPRESSION_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct ZSTD_CCtx_s;

namespace emu {

// zstd's level, of which negative ones are faster; and how large a table it uses
// (its logarithm) and how short a match, where these are not 0 and the level's.
struct Compression {
  int level = 1;
  int hash_log = 0;
  int min_match = 0;
};

// For one thread.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Packs `parts`, one behind the other, to `to`, which is as large as they are
  // together; what is in one tells nothing about the next. How many bytes there
  // are then; nothing if they did not get fewer.
  std::optional<size_t> Pack(absl::Span<const absl::string_view> parts,
                             absl::Span<char> to,
                             const Compression& compression);

 private:
  ZSTD_CCtx_s* const context_;
};

}  // namespace emu

#endif  // EMU_TRACE_COMPRESSION_H_
