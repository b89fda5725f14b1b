// SPDX-License-Identifier: Apache-2.0
//
// The regular files of host trees that guests have open or mapped, by id. Their
// descriptors are a cache: beyond a limit the least recently used is closed, and
// opened again when it is wanted, if the file is still the same one. Files that
// someone changed during the run are remembered, because what guests read of
// them is then not what the run started with. Owned by main; trees and the
// machine borrow it.

#ifndef ARCH_HOST_OPEN_FILES_H_
#define ARCH_HOST_OPEN_FILES_H_

#include <sys/stat.h>

#include <cstddef>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "arch/host/host_files.h"
#include "arch/host/owned_fd.h"
#include "arch/machine.h"
#include "arch/result.h"

namespace emu {

// Where an open file comes from.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Opens again what was open as `path` when its state was `then`. ESTALE if it
  // is not there as it was.
  virtual Result<OwnedFd> Reopen(const std::string& path,
                                 const struct stat& then, bool writable) = 0;
  // Whether its content is not what it was; `fd` is open on it, or -1.
  virtual bool Changed(const std::string& path, const struct stat& then,
                       int fd) = 0;
  // What the user calls it.
  virtual std::string Name(const std::string& path) = 0;
};

class OpenFiles : public HostFiles {
 public:
  // At most `capacity` descriptors are open at a time. Requires: capacity >=
  // kHeldDescriptors.
  explicit OpenFiles(size_t capacity) : capacity_(capacity) {}
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  // Half of the descriptors that this process may have.
  static size_t DefaultCapacity();

  // `fd` is `path` of `source`, which outlives the id, and `st` its state.
  HostFileId Add(FileSource& source, std::string path, bool writable,
                 OwnedFd fd, const struct stat& st);
  void Remove(HostFileId file);

  // A descriptor of `file`, valid while fewer than `capacity` other files are
  // used after it. ESTALE if the file was replaced or changed while it was
  // closed; EBADF for an id that is not in use.
  Result<int> Use(HostFileId file);
  absl::StatusOr<int> Descriptor(HostFileId file) override;

  // As it was added. Requires: `file` is in use.
  const std::string& Path(HostFileId file) { return Find(file)->path; }

  // The files, as the user calls them, that were changed by someone else while
  // a guest had them open, as far as it shows by now; sorted.
  std::vector<std::string> Changed();

 private:
  struct Entry {
    FileSource* source = nullptr;  // none: not in use
    std::string path;
    bool writable = false;
    OwnedFd fd;  // none: evicted
    struct stat st = {};
    std::list<int>::iterator used;  // in lru_, while fd is valid
  };

  Entry* Find(HostFileId file);
  void MakeRoom();
  void NoteIfChanged(const Entry& entry);

  const size_t capacity_;
  std::vector<Entry> entries_;  // by id
  std::vector<int> free_ids_;
  std::list<int> lru_;  // ids with a descriptor, the most recently used first
  std::set<std::string> changed_;
};

}  // namespace emu

#endif  // ARCH_HOST_OPEN_FILES_H_
