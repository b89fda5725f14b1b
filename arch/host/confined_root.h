// SPDX-License-Identifier: Apache-2.0
//
// A file or directory of the host under which paths are opened without ever
// leaving it: no symbolic link is followed, whatever someone changes on the
// host meanwhile. openat2(2) does that in one call; where it is missing (Linux
// before 5.6, seccomp profiles that do not know it) each component is opened by
// itself.

#ifndef ARCH_HOST_CONFINED_ROOT_H_
#define ARCH_HOST_CONFINED_ROOT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "arch/host/owned_fd.h"
#include "arch/result.h"

namespace emu {

class ConfinedRoot {
 public:
  // `host_path` is the user's: links in it are followed.
  static absl::StatusOr<ConfinedRoot> Open(const std::string& host_path);

  // An O_PATH descriptor of the root itself.
  int fd() const { return fd_.get(); }
  // As the user wrote it.
  const std::string& host_path() const { return host_path_; }

  // Opens what `path` names, "" being the root itself. `flags` are open(2)'s; a
  // link is opened only as such (O_PATH), else it is ELOOP.
  Result<OwnedFd> Open(const std::string& path, int flags,
                       uint32_t mode = 0) const;

  // As Open, component by component. For tests.
  Result<OwnedFd> Walk(const std::string& path, int flags, uint32_t mode) const;

 private:
  ConfinedRoot(OwnedFd fd, std::string host_path, bool has_openat2)
      : fd_(std::move(fd)),
        host_path_(std::move(host_path)),
        has_openat2_(has_openat2) {}

  OwnedFd fd_;
  std::string host_path_;
  bool has_openat2_;
};

// Opens again, with other flags, the very file that the O_PATH descriptor
// `path_fd` stands for.
Result<OwnedFd> Reopen(int path_fd, int flags);

}  // namespace emu

#endif  // ARCH_HOST_CONFINED_ROOT_H_
