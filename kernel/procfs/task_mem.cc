// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/mem.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kChunk = 64 << 10;

// Keeps the memory map, as it was when opened: an exec leaves it behind.
class MemFile : public FileDescription {
 public:
  MemFile(std::shared_ptr<MemoryMap> map, const Path& path, int flags)
      : FileDescription(path, flags), map_(std::move(map)) {}

  bool seekable() const override { return true; }
  Result<size_t> Read(Task&, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task&, IovIter& from, uint64_t offset) override;
  // Offsets are addresses: all of them.
  Result<uint64_t> Seek(Task&, int64_t by, int whence) override {
    if (whence == SEEK_SET) return static_cast<uint64_t>(by);
    if (whence == SEEK_CUR) return offset + by;
    return Errno(EINVAL);
  }

 private:
  const std::shared_ptr<MemoryMap> map_;
};

// EIO where nothing is mapped or accessible.
Result<size_t> MemFile::Read(Task&, IovIter& to, uint64_t offset) {
  if (map_ == nullptr) return size_t{0};
  std::string bytes;
  size_t done = 0;
  while (to.remaining() > 0) {
    bytes.resize(std::min<uint64_t>(to.remaining(), kChunk));
    const size_t n =
        map_->CopyInPartial(bytes.data(), offset + done, bytes.size());
    if (n == 0) return done > 0 ? Result<size_t>(done) : Errno(EIO);
    const Result<size_t> put = to.Put(bytes.data(), n);
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put;
    done += *put;
    if (*put < bytes.size()) break;
  }
  return done;
}

Result<size_t> MemFile::Write(Task&, IovIter& from, uint64_t offset) {
  if (map_ == nullptr) return size_t{0};
  std::string bytes;
  size_t done = 0;
  while (from.remaining() > 0) {
    bytes.resize(std::min<uint64_t>(from.remaining(), kChunk));
    const Result<size_t> got = from.Get(bytes.data(), bytes.size());
    if (!got.ok()) return done > 0 ? Result<size_t>(done) : got;
    const size_t n = map_->CopyOutPartial(offset + done, bytes.data(), *got);
    if (n == 0) return done > 0 ? Result<size_t>(done) : Errno(EIO);
    done += n;
    if (n < bytes.size()) break;
  }
  return done;
}

class MemInode : public Inode, protected TaskNode {
 public:
  MemInode(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : Inode(fs, ino, fs.NewAttributes(S_IFREG | 0600)), TaskNode(fs, key) {
    set_loaded(false);
  }

  Result<FileRef> Open(Task& task, const Path& path, int flags) override {
    Task* const target = TRY(GetTask());
    if (!MayInspect(task, *target)) return Errno(EACCES);
    return FileRef(std::make_shared<MemFile>(target->mm, path, flags));
  }
  Result<> SetSize(uint64_t) override { return {}; }

 protected:
  void Load() override { set_attributes(OwnedAttributes(S_IFREG | 0600)); }
};

}  // namespace

InodeRef NewMemFile(PseudoFs& fs, const TaskKey& key, uint64_t ino) {
  return std::make_shared<MemInode>(fs, key, ino);
}

}  // namespace emu
