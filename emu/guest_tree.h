// SPDX-License-Identifier: Apache-2.0
//
// The guest's tree as the command line asks for it: the image at /, the file
// systems that every guest has, binds and tmpfs, and the user's place in it.

#ifndef EMU_GUEST_TREE_H_
#define EMU_GUEST_TREE_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arch/host_tree.h"
#include "emu/guest_user.h"
#include "emu/image.h"
#include "emu/options.h"
#include "kernel/kernel.h"

namespace emu {

// The host's files that -v names.
struct BindTree {
  BindOption option;
  std::unique_ptr<HostTree> tree;
};

// Opened before anything runs, so that a name that is not there is said at once.
absl::StatusOr<std::vector<BindTree>> OpenBinds(
    const std::vector<BindOption>& binds,
    std::shared_ptr<const Ownership> ownership, OpenFiles& files);

// Mounts all of it. What is given outlives the kernel's run.
absl::Status MountGuestTree(Kernel& kernel, const RunOptions& options,
                            const GuestUser& user, Image& image,
                            std::vector<BindTree>& binds);

}  // namespace emu

#endif  // EMU_GUEST_TREE_H_
