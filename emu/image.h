// SPDX-License-Identifier: Apache-2.0
//
// What --root names: a directory, a tar archive or an OCI image, as one tree.

#ifndef EMU_IMAGE_H_
#define EMU_IMAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/host/open_files.h"
#include "arch/host_tree.h"

namespace emu {

struct Image {
  std::unique_ptr<HostTree> tree;
  bool is_host_root = false;  // it is the host's own /
  bool is_archive = false;    // it was unpacked: nothing in it is the host's
  // Of an OCI image's configuration: what it sets for programs.
  std::vector<std::string> env;  // NAME=VALUE
  std::string workdir;           // empty: not set
};

// Which files of the host are the guest user's own: those of the user who runs
// emu. Who runs emu as root owns the whole system, and the guest would; then
// only what is below `near` counts, and what bars the way to it. (What an
// archive holds belongs to whom the archive says.)
struct Ownership {
  uint32_t uid = 1000;
  std::string near;  // a path of the host's; "/" for all
};

// Trees look at `ownership` when files are looked at: the user may be known
// only after the image's /etc/passwd was read. `files` outlives the image.
absl::StatusOr<Image> OpenImage(const std::string& path,
                                std::shared_ptr<const Ownership> ownership,
                                OpenFiles& files);

// One file or directory of the host.
absl::StatusOr<std::unique_ptr<HostTree>> OpenHostTree(
    const std::string& path, bool writable,
    std::shared_ptr<const Ownership> ownership, OpenFiles& files);

// The content of a file of at most a few MiB; links in the last place are not
// followed.
absl::StatusOr<std::string> ReadSmallFile(HostTree& tree,
                                          const std::string& path);

}  // namespace emu

#endif  // EMU_IMAGE_H_
