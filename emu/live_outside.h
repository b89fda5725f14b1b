// SPDX-License-Identifier: Apache-2.0
//
// What answers for the outside in a run on this host: Env, the host's files and
// who the guest's user is, as the command line names them. Owned by the command.

#ifndef EMU_LIVE_OUTSIDE_H_
#define EMU_LIVE_OUTSIDE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_signals.h"
#include "arch/host/live_env.h"
#include "arch/host/open_files.h"
#include "arch/host_tree.h"
#include "emu/guest_setup.h"
#include "emu/guest_tree.h"
#include "emu/image.h"
#include "emu/options.h"

namespace emu {

class LiveOutside {
 public:
  // `options` outlives it. The time limit starts to run.
  static absl::StatusOr<std::unique_ptr<LiveOutside>> Open(
      const RunOptions& options);

  HostSignals& signals() { return *signals_; }
  LiveEnv& env() { return *env_; }
  OpenFiles& files() { return files_; }
  GuestTrees trees();
  // What the guest is to be.
  GuestSetup Setup() { return MakeGuestSetup(options_, image_, user_, *env_); }

  // How emu is to reach the guest's memory.
  GuestMemory::Mode memory_mode() const;

  // How the host made the run one that may not come again.
  std::vector<std::string> Impurities();

 private:
  explicit LiveOutside(const RunOptions& options);
  absl::Status OpenFilesOfHost();

  const RunOptions& options_;
  std::unique_ptr<HostSignals> signals_;
  std::unique_ptr<LiveEnv> env_;
  OpenFiles files_;
  Image image_;
  GuestUser user_;
  std::vector<std::unique_ptr<HostTree>> binds_;
};

}  // namespace emu

#endif  // EMU_LIVE_OUTSIDE_H_
