// SPDX-License-Identifier: Apache-2.0
//
// All that a run is made from before its first instruction, of what the command
// line says and of what emu found on the host: nothing that follows asks either
// again. A recording holds it.

#ifndef EMU_GUEST_SETUP_H_
#define EMU_GUEST_SETUP_H_

#include <string>
#include <vector>

#include "arch/env.h"
#include "emu/guest_user.h"
#include "emu/image.h"
#include "emu/options.h"
#include "kernel/fs/import_fs.h"
#include "kernel/kernel.h"

namespace emu {

struct GuestSetup {
  ProgramOptions program;
  KernelOptions kernel;
  GuestUser user;
  bool is_host_root = false;  // the tree is the host's own
  // How old files seem: in the tree, and in read-only binds.
  ImportedTimes root_times = ImportedTimes::kFixed;
  ImportedTimes bind_times = ImportedTimes::kFixed;
  std::vector<std::string> tmpfs;
  std::vector<BindOption> binds;
};

// `outside` tells what the standard streams are.
GuestSetup MakeGuestSetup(const RunOptions& options, const Image& image,
                          const GuestUser& user, Env& outside);

Credentials CredentialsOf(const GuestUser& user);

// The directory that emu was started in; "/" if that is gone.
std::string HostDirectory();

}  // namespace emu

#endif  // EMU_GUEST_SETUP_H_
