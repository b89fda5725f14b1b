// SPDX-License-Identifier: Apache-2.0
//
// Tar archives, plain or compressed (gzip, xz, zstd, bzip2, lz4), as trees of
// files. libarchive reads them.

#ifndef EMU_ARCHIVE_H_
#define EMU_ARCHIVE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "arch/host/memory_tree.h"
#include "arch/host_tree.h"

namespace emu {

// How an archive becomes a tree.
struct UnpackOptions {
  uint32_t uid = 0;  // whose files are the guest user's own
  // It is a layer of an image: `.wh.NAME` takes NAME away from the layers below,
  // `.wh..wh..opq` all of a directory.
  bool layer = false;
};

// Adds what the archive `path` of `from` holds to `tree`. `name` is what
// messages call it.
absl::Status UnpackArchive(HostTree& from, const std::string& path,
                           const std::string& name,
                           const UnpackOptions& options, MemoryTree& tree);

}  // namespace emu

#endif  // EMU_ARCHIVE_H_
