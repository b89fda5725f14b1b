// SPDX-License-Identifier: Apache-2.0
//
// inotify(7): what happens to inodes and the names of them, told to those who
// watch. Whoever changes something calls one of the Notify functions; where no
// one watches that costs two looks.

#ifndef KERNEL_FS_INOTIFY_H_
#define KERNEL_FS_INOTIFY_H_

#include <sys/inotify.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/wait_queue.h"

namespace emu {

// An inotify instance: its watches and the events that were not read yet.
class InotifyFile : public FileDescription {
 public:
  // /proc/sys/fs/inotify/*, as Linux has them by default.
  static constexpr size_t kMaxQueued = 16384;
  static constexpr size_t kMaxWatches = 65536;
  static constexpr int kMaxInstances = 128;

  // `instances` counts those there are; the kernel's Subsystems own it.
  InotifyFile(Path path, int flags, int& instances);
  ~InotifyFile() override;
  static const char kKind;
  const void* kind() const override { return &kKind; }

  // The watch on `inode`, new or with its mask changed; `mask` as given to
  // inotify_add_watch(2). EEXIST, ENOSPC.
  Result<int> Watch(Inode& inode, uint32_t mask);
  // EINVAL.
  Result<> Unwatch(int id);

  // Something happened to `inode`, or under it to the entry `name`. The watch
  // may be gone afterwards.
  void Tell(int id, uint32_t event, uint32_t cookie, absl::string_view name);

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;

 private:
  struct Event {
    int id;
    uint32_t mask;
    uint32_t cookie;
    std::string name;
    // Its length in the reader's buffer.
    size_t length() const;
    bool Equals(const Event& other) const;
  };
  struct WatchState {
    InodeRef inode;
    uint32_t mask;
  };
  void Queue(Event event);
  void End(std::map<int, WatchState>::iterator watch);

  int& instances_;
  std::map<int, WatchState> watches_;
  int next_id_ = 1;
  std::deque<Event> queue_;
  WaitQueue wait_;
};

// The watches on one inode, of all instances. Owned by the inode, which lives
// at least as long as they do.
class InotifyWatches {
 public:
  struct Watch {
    InotifyFile* file;
    int id;
    uint32_t mask;
  };
  std::vector<Watch> all;
};

// Something happened to what `path` names: its directory's watchers are told,
// with its name, and its own.
void NotifyPath(uint32_t event, const Path& path);
// The same for the inode's own watchers alone.
void NotifyInode(uint32_t event, Inode& inode);
// A name came to be: for the directory's watchers.
void NotifyEntry(uint32_t event, const Path& entry);
// `name` of `directory` was removed.
void NotifyRemoved(Inode& directory, absl::string_view name, Inode& inode);
// The inode has no name and no user any more.
void NotifyGone(Inode& inode);
// A name, in its directory.
struct NameIn {
  Inode& directory;
  absl::string_view name;
};
// `inode` has another name now; `covered` lost its own to that, or is null.
void NotifyMoved(const NameIn& from, const NameIn& to, Inode& inode,
                 Inode* covered, uint32_t cookie);
void NotifyOpen(FileDescription& file);
void NotifyClose(FileDescription& file);

}  // namespace emu

#endif  // KERNEL_FS_INOTIFY_H_
