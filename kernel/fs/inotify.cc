// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/inotify.h"

#include "kernel/fs/file_description.h"

namespace emu {

InotifyWatches::~InotifyWatches() = default;

void NotifyPath(uint32_t, const Path&) {}
void NotifyInode(uint32_t, Inode&) {}
void NotifyEntry(uint32_t, const Path&) {}
void NotifyRemoved(Inode&, absl::string_view, Inode&) {}
void NotifyGone(Inode&) {}
void NotifyMoved(Inode&, absl::string_view, Inode&, absl::string_view,
                 Inode&) {}
void NotifyOpen(FileDescription&) {}
void NotifyClose(FileDescription&) {}

}  // namespace emu
