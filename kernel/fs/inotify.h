// SPDX-License-Identifier: Apache-2.0
//
// inotify(7): what happens to inodes and the names of them, told to those who
// watch. Whoever changes something calls one of the Notify functions; where no
// one watches that costs two looks.

#ifndef KERNEL_FS_INOTIFY_H_
#define KERNEL_FS_INOTIFY_H_

#include <sys/inotify.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"

namespace emu {

class InotifyFile;

// The watches on one inode, of all inotify instances. Owned by the inode.
class InotifyWatches {
 public:
  InotifyWatches() = default;
  InotifyWatches(const InotifyWatches&) = delete;
  InotifyWatches& operator=(const InotifyWatches&) = delete;
  ~InotifyWatches();

  struct Watch {
    InotifyFile* file;
    int id;
    uint32_t mask;
  };
  std::vector<Watch> all;
};

// Something happened to what `path` names: its watchers are told, and those of
// its directory, with its name.
void NotifyPath(uint32_t event, const Path& path);
// The same for the inode's own watchers alone.
void NotifyInode(uint32_t event, Inode& inode);
// A name came to be: for the directory's watchers.
void NotifyEntry(uint32_t event, const Path& entry);
// `name` of `directory` was removed; the inode's watchers learn of its end when
// it was the last.
void NotifyRemoved(Inode& directory, absl::string_view name, Inode& inode);
// The inode lost a name to another that was renamed over it.
void NotifyGone(Inode& inode);
void NotifyMoved(Inode& from, absl::string_view name, Inode& to,
                 absl::string_view to_name, Inode& inode);
void NotifyOpen(FileDescription& file);
void NotifyClose(FileDescription& file);

}  // namespace emu

#endif  // KERNEL_FS_INOTIFY_H_
