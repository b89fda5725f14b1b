// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/compression.h"

#include <zstd.h>

#include "arch/base/check.h"

namespace emu {

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  EMU_CHECK(context_ != nullptr);
}

Compressor::~Compressor() { ZSTD_freeCCtx(context_); }

std::optional<size_t> Compressor::Pack(
    absl::Span<const absl::string_view> parts, absl::Span<char> to,
    const Compression& compression) {
  ZSTD_CCtx_reset(context_, ZSTD_reset_session_only);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, compression.level);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_hashLog, compression.hash_log);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_minMatch, compression.min_match);
  if (parts.size() == 1) {
    // Without a copy to a window of the stream's own.
    const size_t packed = ZSTD_compress2(context_, to.data(), to.size(),
                                         parts[0].data(), parts[0].size());
    if (ZSTD_isError(packed) || packed == to.size()) return std::nullopt;
    return packed;
  }
  ZSTD_CCtx_setPledgedSrcSize(context_, to.size());
  ZSTD_outBuffer out = {to.data(), to.size(), 0};
  for (size_t i = 0; i < parts.size(); ++i) {
    ZSTD_inBuffer in = {parts[i].data(), parts[i].size(), 0};
    const bool last = i + 1 == parts.size();
    if (in.size == 0 && !last) continue;
    // A flush makes the next part start with statistics of its own.
    const size_t left = ZSTD_compressStream2(context_, &out, &in,
                                             last ? ZSTD_e_end : ZSTD_e_flush);
    if (left != 0) return std::nullopt;
  }
  if (out.pos == to.size()) return std::nullopt;
  return out.pos;
}

}  // namespace emu
