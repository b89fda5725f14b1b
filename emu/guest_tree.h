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
#include "emu/guest_setup.h"
#include "emu/image.h"
#include "emu/values.h"
#include "kernel/kernel.h"

namespace emu {

// The host's files that a guest is shown; they outlive the kernel's run.
struct GuestTrees {
  HostTree* root = nullptr;
  std::vector<HostTree*> binds;  // as GuestSetup lists them
};

// Opened before anything runs, so that a name that is not there is said at once.
absl::StatusOr<std::vector<std::unique_ptr<HostTree>>> OpenBinds(
    const std::vector<BindOption>& binds,
    std::shared_ptr<const Ownership> ownership, OpenFiles& files);

// Mounts all of it.
absl::Status MountGuestTree(Kernel& kernel, const GuestSetup& setup,
                            const GuestTrees& trees);

}  // namespace emu

#endif  // EMU_GUEST_TREE_H_
