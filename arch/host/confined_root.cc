// SPDX-License-Identifier: Apache-2.0

#include "arch/host/confined_root.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW;

int OpenAt2(int dir, const char* path, int flags, uint32_t mode) {
  struct open_how how = {};
  how.flags = static_cast<uint32_t>(flags);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, dir, path, &how, sizeof(how)));
}

Result<OwnedFd> Owned(int fd) {
  if (fd < 0) return Errno(errno);
  return OwnedFd(fd);
}

}  // namespace

absl::StatusOr<ConfinedRoot> ConfinedRoot::Open(const std::string& host_path) {
  OwnedFd fd(open(host_path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) {
    return HostError(errno, absl::StrCat("open(\"", host_path, "\")"));
  }
  const int probe = OpenAt2(fd.get(), ".", O_PATH | O_CLOEXEC, 0);
  const bool has_openat2 =
      probe >= 0 || !(errno == ENOSYS || errno == EPERM || errno == EINVAL);
  if (probe >= 0) close(probe);
  return ConfinedRoot(std::move(fd), host_path, has_openat2);
}

Result<OwnedFd> ConfinedRoot::Open(const std::string& path, int flags,
                                   uint32_t mode) const {
  if (path.empty()) {
    if (flags & O_PATH) return Owned(fcntl(fd(), F_DUPFD_CLOEXEC, 3));
    return Reopen(fd(), flags);
  }
  if (!has_openat2_ || path.size() >= PATH_MAX) return Walk(path, flags, mode);
  int opened;
  do {
    // EAGAIN: something was renamed while the kernel walked.
    opened = OpenAt2(fd(), path.c_str(), flags | kAlways, mode);
  } while (opened < 0 && (errno == EAGAIN || errno == EINTR));
  return Owned(opened);
}

Result<OwnedFd> ConfinedRoot::Walk(const std::string& path, int flags,
                                   uint32_t mode) const {
  OwnedFd reached;
  int dir = fd();
  size_t start = 0;
  for (;;) {
    const size_t slash = path.find('/', start);
    const bool last = slash == std::string::npos;
    const std::string name =
        path.substr(start, last ? std::string::npos : slash - start);
    if (name.empty() || name == "." || name == "..") return Errno(EINVAL);
    const int how = last ? flags : O_PATH | O_DIRECTORY;
    OwnedFd next = TRY(Owned(openat(dir, name.c_str(), how | kAlways, mode)));
    if (last) return next;
    reached = std::move(next);
    dir = reached.get();
    start = slash + 1;
  }
}

Result<OwnedFd> Reopen(int path_fd, int flags) {
  char link[32];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
  return Owned(open(link, flags | O_CLOEXEC | O_NOCTTY));
}

}  // namespace emu
