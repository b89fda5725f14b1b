// SPDX-License-Identifier: Apache-2.0
//
// Tar archives, plain or compressed (gzip, xz, zstd, bzip2, lz4), as trees of
// files. libarchive reads them.

#ifndef EMU_ARCHIVE_H_
#define EMU_ARCHIVE_H_

#include <string>

#include "absl/status/status.h"
#include "arch/host/memory_tree.h"
#include "arch/host_tree.h"

namespace emu {

enum class ArchiveKind {
  kPlain,
  // A layer of an image: `.wh.NAME` takes NAME away from the layers below,
  // `.wh..wh..opq` all of a directory.
  kLayer,
};

// Adds what the archive `path` of `from` holds to `tree`. `name` is what
// messages call it.
absl::Status UnpackArchive(HostTree& from, const std::string& path,
                           const std::string& name, ArchiveKind kind,
                           MemoryTree& tree);

}  // namespace emu

#endif  // EMU_ARCHIVE_H_
