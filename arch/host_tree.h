// SPDX-License-Identifier: Apache-2.0
//
// DOOR (a part of Env): a directory of the host that the guest's tree imports,
// or a writable bind. Paths are relative to it, hold no `.` or `..`, and no
// symbolic link is ever followed; "" is the directory itself. Nothing that the
// host would do beyond reading happens through a tree that is read-only.
//
// Errors are the host's errno values, which suit the guest as they are.

#ifndef ARCH_HOST_TREE_H_
#define ARCH_HOST_TREE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/env.h"
#include "arch/machine.h"
#include "arch/result.h"

namespace emu {

struct HostNode {
  uint32_t mode = 0;  // S_IFMT and permissions
  uint64_t size = 0;
  uint32_t nlink = 1;
  Nanos mtime = 0;     // since 1970
  bool owned = false;  // by the user who runs emu
  // The owner's numbers are the guest's, as those of an image are; `owned` says
  // nothing then.
  bool keeps_owner = false;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t rdev = 0;  // of a device, where that is the guest's likewise
  // Identity on the host, to tell hard links and changes: never shown to a
  // guest, never ordered by.
  uint64_t device = 0;
  uint64_t inode = 0;
};

struct HostDirEntry {
  std::string name;
  uint32_t type = 0;  // S_IFMT bits; 0 when the host did not say
};

class HostTree {
 public:
  virtual ~HostTree() = default;

  virtual Result<HostNode> Stat(const std::string& path) = 0;
  // All entries but . and .., sorted by name.
  virtual Result<std::vector<HostDirEntry>> List(const std::string& path) = 0;
  virtual Result<std::string> ReadLink(const std::string& path) = 0;
  // Extended attributes that the guest is to see, by full name: an image's, and
  // none of the host's.
  using Xattrs = std::vector<std::pair<std::string, std::string>>;
  virtual Xattrs XattrsOf(const std::string& /*path*/) { return {}; }

  // Regular files only. The id stays valid until Close, though the descriptor
  // behind it may be closed and opened again; a file that changed in between is
  // ESTALE and reported at the end of the run.
  virtual Result<HostFileId> Open(const std::string& path, bool writable) = 0;
  virtual void Close(HostFileId file) = 0;
  virtual Result<size_t> ReadAt(HostFileId file, absl::Span<char> out,
                                uint64_t offset) = 0;
  // The bytes from `offset` on, where emu has them in memory: for as long as the
  // file is open and nobody writes or maps it. Empty where ReadAt must tell.
  virtual absl::string_view View(HostFileId /*file*/, uint64_t /*offset*/) {
    return {};
  }
  virtual Result<HostNode> StatFile(HostFileId file) = 0;
  // Whether the host can map the file: some file systems cannot, or not shared.
  virtual bool CanMap(HostFileId, bool /*shared*/) { return true; }

  // Writable trees only (EROFS otherwise).
  virtual Result<size_t> WriteAt(HostFileId file, absl::Span<const char> bytes,
                                 uint64_t offset) = 0;
  virtual Result<> Truncate(HostFileId file, uint64_t size) = 0;
  virtual Result<> Sync(HostFileId file) = 0;
  virtual Result<> Create(const std::string& path, uint32_t mode) = 0;
  virtual Result<> MakeDirectory(const std::string& path, uint32_t mode) = 0;
  // A FIFO or a socket's name: `mode` with S_IFIFO or S_IFSOCK.
  virtual Result<> MakeNode(const std::string& path, uint32_t mode) = 0;
  virtual Result<> MakeSymlink(const std::string& path,
                               const std::string& target) = 0;
  virtual Result<> Link(const std::string& from, const std::string& to) = 0;
  virtual Result<> Unlink(const std::string& path) = 0;
  virtual Result<> RemoveDirectory(const std::string& path) = 0;
  // `flags` are renameat2(2)'s.
  virtual Result<> Rename(const std::string& from, const std::string& to,
                          uint32_t flags) = 0;
  virtual Result<> SetMode(const std::string& path, uint32_t mode) = 0;
  virtual Result<> SetTimes(const std::string& path, Nanos atime,
                            Nanos mtime) = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_TREE_H_
