// SPDX-License-Identifier: Apache-2.0
//
// HostTree on the host's own files: a directory, or a single file, that the
// user named. Nothing but regular files and directories is ever opened; a FIFO,
// device or socket is only looked at. What lies in file systems that are a view
// of the host's kernel (proc, sysfs, ...) is not there. Owned by main.

#ifndef ARCH_HOST_HOST_TREE_LIVE_H_
#define ARCH_HOST_HOST_TREE_LIVE_H_

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/host/confined_root.h"
#include "arch/host/open_files.h"
#include "arch/host/owned_fd.h"
#include "arch/host_tree.h"

namespace emu {

class LiveHostTree : public HostTree, private FileSource {
 public:
  // Whether what is at `path` is the guest user's own.
  using Owns =
      std::function<bool(const std::string& path, const struct stat& st)>;

  // `files` outlives the tree. Without `owns`, the files of the user who runs
  // emu are the guest's.
  static absl::StatusOr<std::unique_ptr<LiveHostTree>> Open(
      const std::string& host_path, bool writable, OpenFiles& files,
      Owns owns = nullptr);

  Result<HostNode> Stat(const std::string& path) override;
  Result<std::vector<HostDirEntry>> List(const std::string& path) override;
  Result<std::string> ReadLink(const std::string& path) override;
  Result<HostFileId> Open(const std::string& path, bool writable) override;
  void Close(HostFileId file) override;
  Result<size_t> ReadAt(HostFileId file, absl::Span<char> out,
                        uint64_t offset) override;
  Result<HostNode> StatFile(HostFileId file) override;
  bool CanMap(HostFileId file, bool shared) override;
  Result<size_t> WriteAt(HostFileId file, absl::Span<const char> bytes,
                         uint64_t offset) override;
  Result<> Truncate(HostFileId file, uint64_t size) override;
  Result<> Sync(HostFileId file) override;
  Result<> Create(const std::string& path, uint32_t mode) override;
  Result<> MakeDirectory(const std::string& path, uint32_t mode) override;
  Result<> MakeNode(const std::string& path, uint32_t mode) override;
  Result<> MakeSymlink(const std::string& path,
                       const std::string& target) override;
  Result<> Link(const std::string& from, const std::string& to) override;
  Result<> Unlink(const std::string& path) override;
  Result<> RemoveDirectory(const std::string& path) override;
  Result<> Rename(const std::string& from, const std::string& to,
                  uint32_t flags) override;
  Result<> SetMode(const std::string& path, uint32_t mode) override;
  Result<> SetTimes(const std::string& path, Nanos atime,
                    Nanos mtime) override;

 private:
  // A directory that was looked into lately.
  struct Directory {
    std::string path;
    OwnedFd fd;
    bool readable = false;  // not only O_PATH
    bool imported = true;  // false: a view of the host's kernel, shown empty
  };
  // Where a path leads: a name in an open directory, or (name "") the root.
  struct Place {
    int dir;
    const char* name;
  };

  LiveHostTree(ConfinedRoot root, bool writable, OpenFiles& files, Owns owns)
      : root_(std::move(root)),
        writable_(writable),
        files_(files),
        owns_(std::move(owns)) {}

  HostNode ToNode(const std::string& path, const struct stat& st) const;

  Result<Directory*> FindDirectory(absl::string_view path, bool to_list);
  Result<Place> Locate(const std::string& path);
  // As Locate, to change what is there: EROFS, and EBUSY for the root.
  Result<Place> LocateToChange(const std::string& path);
  Result<OwnedFd> Reopen(const std::string& path, const struct stat& then,
                         bool writable) override;
  bool Changed(const std::string& path, const struct stat& then,
               int fd) override;
  std::string Name(const std::string& path) override;

  // Opens a regular file; `st` becomes its state.
  Result<OwnedFd> OpenRegular(const Place& place, bool writable,
                              struct stat* st);
  bool IsImported(int dir, dev_t device);
  Result<> FixMode(const Place& place, uint32_t mode);

  ConfinedRoot root_;
  const bool writable_;
  OpenFiles& files_;
  const Owns owns_;
  const uid_t user_ = geteuid();  // who runs emu
  std::vector<Directory> directories_;  // the most recently used first
  std::vector<std::pair<dev_t, bool>> devices_;  // and whether it is imported
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_TREE_LIVE_H_
