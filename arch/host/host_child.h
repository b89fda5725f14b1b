// SPDX-License-Identifier: Apache-2.0
//
// Another process of the host's, run by emu under conditions that emu chooses.
// It dies with emu, however that ends.

#ifndef ARCH_HOST_HOST_CHILD_H_
#define ARCH_HOST_HOST_CHILD_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "arch/host/owned_fd.h"

namespace emu {

struct HostConditions {
  std::optional<int> cpu;     // the only one that it may run on
  bool fixed_layout = false;  // no randomization of its address space
  int nice = 0;
  mode_t umask = 022;
};

// The CPUs that this process may run on, in order.
std::vector<int> AllowedCpus();

class HostChild {
 public:
  struct Options {
    std::string path;
    std::vector<std::string> argv;
    std::vector<std::string> env;  // NAME=VALUE
    HostConditions conditions;
    int input = -1;  // becomes its standard input; -1: emu's own
  };
  // Called with bytes from standard output (1) or error (2).
  using OnOutput = std::function<absl::Status(int fd, absl::string_view bytes)>;

  static absl::StatusOr<std::unique_ptr<HostChild>> Start(
      const Options& options);
  // Runs `work`, which may not return, in place of a program.
  static absl::StatusOr<std::unique_ptr<HostChild>> StartWork(
      const HostConditions& conditions, void (*work)());
  // Kills it, if it is there still.
  ~HostChild();
  HostChild(const HostChild&) = delete;
  HostChild& operator=(const HostChild&) = delete;

  // Until it ends, with `on_tick` called some times a second meanwhile. Returns
  // wait(2)'s status.
  absl::StatusOr<int> Wait(const OnOutput& on_output,
                           const std::function<void()>& on_tick);

 private:
  HostChild() = default;
  static absl::StatusOr<std::unique_ptr<HostChild>> Fork(
      const HostConditions& conditions, const Options* options,
      void (*work)());

  pid_t pid_ = -1;
  OwnedFd output_;
  OwnedFd errors_;
};

// A file without a name, which is gone when the last descriptor of it is; in
// TMPDIR or /tmp. Children have the descriptor too, by the same number.
absl::StatusOr<OwnedFd> OpenTemporaryFile();
// The name by which it can be opened while the descriptor is there.
std::string NameOfDescriptor(int fd);

}  // namespace emu

#endif  // ARCH_HOST_HOST_CHILD_H_
