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

class FdTable;
class Kernel;

class InotifyFile;

// All instances there are; owned by the kernel's Subsystems.
struct InotifyInstances {
  std::vector<InotifyFile*> all;  // in order of their making
  // Joins the two halves of a move.
  uint32_t next_cookie = 1;
};

// An inotify instance: its watches and the events that were not read yet.
class InotifyFile : public FileDescription {
 public:
  // /proc/sys/fs/inotify/*, as Linux has them by default.
  static constexpr size_t kMaxQueued = 16384;
  static constexpr size_t kMaxWatches = 65536;
  static constexpr size_t kMaxInstances = 128;

  InotifyFile(Path path, int flags, InotifyInstances& instances);
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
  // The file system is mounted nowhere any more: its watches end.
  void TellUnmounted(const FileSystem& fs);

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

  InotifyInstances& instances_;
  std::map<int, WatchState> watches_;
  int next_id_ = 1;
  std::deque<Event> queue_;
  WaitQueue wait_;
};

// fcntl(2)'s F_NOTIFY: a directory's description is told by a signal.
struct DirectoryNotice {
  Kernel* kernel;
  FileDescription* file;
  const FdTable* files;  // the table that asked: closing there ends it
  Fd fd;                 // that the signal names
  uint32_t mask;         // DN_*
};

// The watches on one inode, of all instances, and a directory's notices. Owned
// by the inode, which lives at least as long as they do.
class InotifyWatches {
 public:
  struct Watch {
    InotifyFile* file;
    int id;
    uint32_t mask;
  };
  bool empty() const { return all.empty() && notices.empty(); }
  std::vector<Watch> all;
  std::vector<DirectoryNotice> notices;  // the latest first
};

// F_NOTIFY with DN_* bits in `mask`. ENOTDIR, EPERM.
Result<> SetDirectoryNotice(Task& task, Fd fd, FileDescription& file,
                            uint32_t mask);
// The table closed a descriptor of `file`; null: nobody has it open any more.
void EndDirectoryNotices(FileDescription& file, const FdTable* files);

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
struct EntryName {
  Inode& directory;
  absl::string_view name;
};
// `inode` has another name now; `covered` lost its own to that, or is null.
void NotifyMoved(const EntryName& from, const EntryName& to, Inode& inode,
                 Inode* covered, uint32_t cookie);
void NotifyOpen(FileDescription& file);
void NotifyClose(FileDescription& file);

}  // namespace emu

#endif  // KERNEL_FS_INOTIFY_H_
