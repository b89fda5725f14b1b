// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/pagemap: a word for each page, as one may read it who may not know
// page frames. What is in memory is what mincore(2) says.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "arch/page_store.h"
#include "kernel/mm/memory_map.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/task.h"

namespace emu {
namespace {

// PM_*.
constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kOfFile = uint64_t{1} << 61;
constexpr uint64_t kGuard = uint64_t{1} << 58;

constexpr size_t kChunk = 4096;  // pages looked at together

// Keeps the memory map, as it was when opened: an exec leaves it behind.
class PagemapFile : public FileDescription {
 public:
  PagemapFile(std::shared_ptr<MemoryMap> map, const Path& path, int flags)
      : FileDescription(path, flags), map_(std::move(map)) {}

  bool seekable() const override { return true; }
  Result<size_t> Read(Task&, IovIter& to, uint64_t offset) override;
  // Read alone, whoever may open it for writing.
  Result<size_t> Write(Task&, IovIter&, uint64_t) override {
    return Errno(EINVAL);
  }
  Result<uint64_t> Seek(Task&, int64_t by, int whence) override {
    if (whence == SEEK_SET) return static_cast<uint64_t>(by);
    if (whence == SEEK_CUR) return offset + by;
    return Errno(EINVAL);
  }

 private:
  std::vector<uint64_t> Words(GuestAddr start, size_t pages) const;

  const std::shared_ptr<MemoryMap> map_;
};

std::vector<uint64_t> PagemapFile::Words(GuestAddr start, size_t pages) const {
  std::vector<uint64_t> words(pages, 0);
  const GuestAddr end = start + pages * kPageSize;
  const Area* area = map_->FirstAreaAfter(start);
  while (area != nullptr && area->start < end) {
    const GuestAddr from = std::max(start, area->start);
    const size_t count = (std::min(end, area->end) - from) / kPageSize;
    const std::vector<bool> resident =
        map_->Residency(from, count, [](const Area&) { return true; });
    const uint64_t kind = area->shared || area->file != nullptr ? kOfFile : 0;
    for (size_t i = 0; i < count; ++i) {
      const GuestAddr page = from + i * kPageSize;
      uint64_t& word = words[(page - start) / kPageSize];
      if (map_->IsGuarded(page)) {
        word = kSwapped | kGuard;
      } else if (resident[i]) {
        word = kPresent | kind;
      }
    }
    area = map_->FirstAreaAfter(area->end);
  }
  return words;
}

Result<size_t> PagemapFile::Read(Task&, IovIter& to, uint64_t offset) {
  constexpr size_t kWord = sizeof(uint64_t);
  if (map_ == nullptr) return size_t{0};
  if (offset % kWord != 0 || to.remaining() % kWord != 0) return Errno(EINVAL);
  const uint64_t pages = map_->space().highest() / kPageSize;
  uint64_t page = offset / kWord;
  size_t done = 0;
  while (to.remaining() > 0 && page < pages) {
    const size_t count = std::min<uint64_t>(
        {to.remaining() / kWord, pages - page, uint64_t{kChunk}});
    const std::vector<uint64_t> words = Words(page * kPageSize, count);
    const Result<size_t> put = to.Put(words.data(), count * kWord);
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put;
    done += *put;
    if (*put < count * kWord) break;
    page += count;
  }
  return done;
}

class PagemapInode : public Inode, protected TaskNode {
 public:
  PagemapInode(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : Inode(fs, ino, fs.NewAttributes(S_IFREG | 0400)), TaskNode(fs, key) {
    set_loaded(false);
  }

  Result<FileRef> Open(Task& task, const Path& path, int flags) override {
    Task* const target = TRY(GetTask());
    if (!MayInspect(task, *target)) return Errno(EACCES);
    return FileRef(std::make_shared<PagemapFile>(target->mm, path, flags));
  }
  Result<> SetSize(uint64_t) override { return {}; }

 protected:
  void Load() override { set_attributes(OwnedAttributes(S_IFREG | 0400)); }
};

}  // namespace

InodeRef NewPagemapFile(PseudoFs& fs, const TaskKey& key, uint64_t ino) {
  return std::make_shared<PagemapInode>(fs, key, ino);
}

}  // namespace emu
