// SPDX-License-Identifier: Apache-2.0

#ifndef EMU_TRACE_COMPRESSION_H_
#define EMU_TRACE_COMPRESSION_H_

namespace emu {

// How zstd compresses: at which level, of which negative ones are faster; and with
// how large a table (its logarithm) and from which length of a match on, where
// these are not 0 and the level's.
struct Compression {
  int level = 1;
  int hash_log = 0;
  int min_match = 0;
};

}  // namespace emu

#endif  // EMU_TRACE_COMPRESSION_H_
