// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/map_files: links to the files that are mapped, named by their areas.

#include <linux/capability.h>
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "arch/page_store.h"
#include "kernel/fs/file_description.h"
#include "kernel/mm/memory_map.h"
#include "kernel/procfs/magic_link.h"

namespace emu {
namespace {

// Shared memory is a file in Linux, though without a name; the vDSO is none.
bool ShowsFile(const Area& area) {
  if (area.file != nullptr) return true;
  return area.shared && area.object != nullptr &&
         !absl::StartsWith(area.name, "[");
}

std::string LinkName(const Area& area) {
  return absl::StrFormat("%x-%x", area.start, area.end);
}

// Null: there is none of that name.
const Area* FindArea(const Task* target, absl::string_view name) {
  if (target == nullptr || target->mm == nullptr) return nullptr;
  for (const auto& [start, area] : target->mm->areas()) {
    if (ShowsFile(area) && name == LinkName(area)) return &area;
  }
  return nullptr;
}

uint64_t LinkIno(Pid tid, const Area& area) {
  return TaskIno(tid, TaskPlace::kMapFiles,
                 area.start / kPageSize % (1 << 24));
}

class MapFileLink : public MagicLink {
 public:
  MapFileLink(PseudoFs& fs, const TaskKey& key, const Area& area)
      : MagicLink(fs, key, LinkIno(key.tid, area)), name_(LinkName(area)) {}

  uint64_t Size() override { return 64; }
  // A name is for all to see; what it leads to may be a file that they could
  // not find by any name.
  Result<std::optional<Path>> FollowMagic(Task& task) override {
    if (!task.creds->Has(CAP_SYS_ADMIN) &&
        !task.creds->Has(CAP_CHECKPOINT_RESTORE)) {
      return Errno(EPERM);
    }
    return MagicLink::FollowMagic(task);
  }

 protected:
  uint32_t Mode() override {
    const Area* area = FindArea(FindTask(), name_);
    if (area == nullptr) return 0;
    if (area->file == nullptr) return 0600;
    return (area->file->readable() ? 0400 : 0) |
           (area->file->writable() ? 0200 : 0);
  }
  Result<Path> Place(Task& target) override {
    const Area* area = FindArea(&target, name_);
    if (area == nullptr || area->file == nullptr) return Errno(ENOENT);
    return area->file->path();
  }
  Result<std::string> Name(Task& reader, Task& target) override {
    const Area* area = FindArea(&target, name_);
    if (area == nullptr) return Errno(ENOENT);
    if (area->file == nullptr || !area->name.empty()) return area->name;
    return area->file->Describe(reader.fs->root);
  }

 private:
  const std::string name_;
};

class MapFilesDirectory : public TaskDirectory {
 public:
  MapFilesDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : TaskDirectory(fs, key, ino, S_IFDIR | 0500) {}

  Result<InodeRef> Lookup(absl::string_view name) override {
    if (FindArea(FindTask(), name) == nullptr) return Errno(ENOENT);
    return TaskDirectory::Lookup(name);
  }

  // An area's position is that of its first page.
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    const Task* const target = FindTask();
    if (target == nullptr) return Errno(ENOENT);
    if (task != nullptr && !MayInspect(*task, *target)) return Errno(EACCES);
    if (target->mm == nullptr) return {};
    for (const auto& [start, area] : target->mm->areas()) {
      const uint64_t position = kFirstPosition + start / kPageSize;
      if (!ShowsFile(area) || position < from) continue;
      if (!sink({LinkName(area), LinkIno(key_.tid, area), S_IFLNK,
                 position + 1})) {
        return {};
      }
    }
    return {};
  }

 protected:
  Result<InodeRef> Make(Task& target, absl::string_view name) override {
    const Area* area = FindArea(&target, name);
    if (area == nullptr) return Errno(ENOENT);
    return InodeRef(std::make_shared<MapFileLink>(pseudo_, key_, *area));
  }
};

}  // namespace

InodeRef NewMapFilesDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino) {
  return std::make_shared<MapFilesDirectory>(fs, key, ino);
}

}  // namespace emu
