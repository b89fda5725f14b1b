// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/inotify.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "kernel/fs/async_io.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What a watch keeps of inotify_add_watch(2)'s mask.
constexpr uint32_t kKept = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;

uint32_t DirectoryBit(Inode& inode) {
  return inode.IsDirectory() ? uint32_t{IN_ISDIR} : 0;
}

// The DN_* bits that an event is told by.
uint32_t NoticeOf(uint32_t event) {
  uint32_t mask = 0;
  if ((event & IN_ACCESS) != 0) mask |= DN_ACCESS;
  if ((event & IN_MODIFY) != 0) mask |= DN_MODIFY;
  if ((event & IN_ATTRIB) != 0) mask |= DN_ATTRIB;
  if ((event & (IN_CREATE | IN_MOVED_TO)) != 0) mask |= DN_CREATE;
  if ((event & (IN_DELETE | IN_MOVED_FROM)) != 0) mask |= DN_DELETE;
  return mask;
}

void TellNotices(InotifyWatches& watches, uint32_t mask) {
  for (size_t i = 0; mask != 0 && i < watches.notices.size();) {
    const DirectoryNotice notice = watches.notices[i];
    if ((notice.mask & mask) == 0) {
      ++i;
      continue;
    }
    if ((notice.mask & DN_MULTISHOT) != 0) {
      ++i;
    } else {
      watches.notices.erase(watches.notices.begin() + i);
    }
    TellOwner(*notice.kernel, *notice.file, notice.fd, POLL_MSG);
  }
}

// Tells those of the inode's watchers that want it. Watches may end meanwhile.
void Tell(Inode& inode, uint32_t event, uint32_t cookie, absl::string_view name,
          bool unlinked = false) {
  InotifyWatches* watches = inode.existing_watches();
  if (watches == nullptr || watches->empty()) return;
  const InodeRef held = inode.shared_from_this();
  TellNotices(*watches, NoticeOf(event));
  const std::vector<InotifyWatches::Watch> all = watches->all;
  for (const InotifyWatches::Watch& watch : all) {
    if ((watch.mask & event & IN_ALL_EVENTS) == 0) continue;
    if (unlinked && (watch.mask & IN_EXCL_UNLINK) != 0) continue;
    watch.file->Tell(watch.id, event, cookie, name);
  }
}

bool Watched(Inode& inode) {
  InotifyWatches* watches = inode.existing_watches();
  return watches != nullptr && !watches->empty();
}

}  // namespace

// Instances.

const char InotifyFile::kKind = 0;

InotifyFile::InotifyFile(Path path, int flags, InotifyInstances& instances)
    : FileDescription(std::move(path), flags), instances_(instances) {
  instances_.all.push_back(this);
}

InotifyFile::~InotifyFile() {
  auto& all = instances_.all;
  all.erase(std::find(all.begin(), all.end(), this));
  while (!watches_.empty()) End(watches_.begin());
}

Result<int> InotifyFile::Watch(Inode& inode, uint32_t mask) {
  auto& all = inode.watches().all;
  for (InotifyWatches::Watch& watch : all) {
    if (watch.file != this) continue;
    if ((mask & IN_MASK_CREATE) != 0) return Errno(EEXIST);
    const uint32_t before = (mask & IN_MASK_ADD) != 0 ? watch.mask : 0;
    watch.mask = before | (mask & kKept);
    watches_[watch.id].mask = watch.mask;
    return watch.id;
  }
  if (watches_.size() >= kMaxWatches) return Errno(ENOSPC);
  const int id = next_id_++;
  watches_[id] = {inode.shared_from_this(), mask & kKept};
  all.push_back({this, id, mask & kKept});
  return id;
}

Result<> InotifyFile::Unwatch(int id) {
  auto watch = watches_.find(id);
  if (watch == watches_.end()) return Errno(EINVAL);
  End(watch);
  Queue({id, IN_IGNORED, 0, ""});
  return {};
}

void InotifyFile::End(std::map<int, WatchState>::iterator watch) {
  auto& all = watch->second.inode->watches().all;
  all.erase(std::find_if(all.begin(), all.end(), [&](const auto& w) {
    return w.file == this && w.id == watch->first;
  }));
  const InodeRef last = std::move(watch->second.inode);
  watches_.erase(watch);
}

void InotifyFile::Tell(int id, uint32_t event, uint32_t cookie,
                       absl::string_view name) {
  auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  const bool once = (watch->second.mask & IN_ONESHOT) != 0;
  Queue({id, event, cookie, std::string(name)});
  if (once || (event & IN_DELETE_SELF) != 0) {
    End(watch);
    Queue({id, IN_IGNORED, 0, ""});
  }
}

void InotifyFile::TellUnmounted(const FileSystem& fs) {
  std::vector<int> ids;
  for (const auto& [id, watch] : watches_) {
    if (&watch.inode->fs() == &fs) ids.push_back(id);
  }
  for (const int id : ids) {
    const uint32_t bit = DirectoryBit(*watches_[id].inode);
    Queue({id, IN_UNMOUNT | bit, 0, ""});
    End(watches_.find(id));
    Queue({id, IN_IGNORED, 0, ""});
  }
}

size_t InotifyFile::Event::length() const {
  constexpr size_t kUnit = sizeof(inotify_event);
  if (name.empty()) return kUnit;
  return kUnit + (name.size() + kUnit) / kUnit * kUnit;
}

bool InotifyFile::Event::Equals(const Event& other) const {
  return mask == other.mask && id == other.id && name == other.name;
}

void InotifyFile::Queue(Event event) {
  if (!queue_.empty() && queue_.back().Equals(event) &&
      (event.mask & IN_IGNORED) == 0) {
    return;
  }
  if (queue_.size() >= kMaxQueued) {
    if (queue_.back().mask == IN_Q_OVERFLOW) return;
    event = {-1, IN_Q_OVERFLOW, 0, ""};
  }
  queue_.push_back(std::move(event));
  wait_.Wake(POLLIN | POLLRDNORM);
}

Result<size_t> InotifyFile::Read(Task&, IovIter& to, uint64_t) {
  if (queue_.empty()) return Errno(EAGAIN);
  size_t done = 0;
  while (!queue_.empty() && queue_.front().length() <= to.remaining()) {
    const Event& event = queue_.front();
    std::string bytes(event.length(), '\0');
    inotify_event head{};
    head.wd = event.id;
    head.mask = event.mask;
    head.cookie = event.cookie;
    head.len = static_cast<uint32_t>(bytes.size() - sizeof(head));
    memcpy(bytes.data(), &head, sizeof(head));
    memcpy(bytes.data() + sizeof(head), event.name.data(), event.name.size());
    const Result<size_t> put = to.Put(bytes.data(), bytes.size());
    if (!put.ok() || *put < bytes.size()) return Errno(EFAULT);
    queue_.pop_front();
    done += bytes.size();
  }
  if (done == 0) return Errno(EINVAL);
  return done;
}

Result<int64_t> InotifyFile::Ioctl(Task& task, uint32_t request,
                                   GuestAddr arg) {
  if (request != FIONREAD) return Errno(ENOTTY);
  int32_t bytes = 0;
  for (const Event& event : queue_) bytes += event.length();
  TRY(task.Write(UserPtr<int32_t>(arg), bytes));
  return int64_t{0};
}

uint32_t InotifyFile::Poll(Task&) {
  return queue_.empty() ? 0 : POLLIN | POLLRDNORM;
}

std::string InotifyFile::FdInfo() {
  std::string text;
  for (const auto& [id, watch] : watches_) {
    absl::StrAppendFormat(&text,
                          "inotify wd:%x ino:%x sdev:%x mask:%x "
                          "ignored_mask:0\n",
                          id, watch.inode->ino(), watch.inode->fs().device(),
                          watch.mask);
  }
  return text;
}

// Telling.

void NotifyInode(uint32_t event, Inode& inode) {
  if (Watched(inode)) Tell(inode, event | DirectoryBit(inode), 0, "");
}

void NotifyPath(uint32_t event, const Path& path) {
  const Dentry& dentry = *path.dentry;
  if (dentry.parent() != nullptr && Watched(dentry.parent()->inode())) {
    Tell(dentry.parent()->inode(), event | DirectoryBit(dentry.inode()), 0,
         dentry.name(), dentry.deleted());
  }
  NotifyInode(event, dentry.inode());
}

void NotifyEntry(uint32_t event, const Path& entry) {
  const Dentry& dentry = *entry.dentry;
  Tell(dentry.parent()->inode(), event | DirectoryBit(dentry.inode()), 0,
       dentry.name());
}

void NotifyRemoved(Inode& directory, absl::string_view name, Inode& inode) {
  Tell(directory, IN_DELETE | DirectoryBit(inode), 0, name);
}

void NotifyGone(Inode& inode) { Tell(inode, IN_DELETE_SELF, 0, ""); }

void NotifyMoved(const EntryName& from, const EntryName& to, Inode& inode,
                 Inode* covered, uint32_t cookie) {
  const uint32_t bit = DirectoryBit(inode);
  if (&from.directory == &to.directory && Watched(from.directory)) {
    TellNotices(from.directory.watches(), DN_RENAME);
  }
  Tell(from.directory, IN_MOVED_FROM | bit, cookie, from.name);
  Tell(to.directory, IN_MOVED_TO | bit, cookie, to.name);
  if (covered != nullptr && !covered->IsDirectory()) {
    NotifyInode(IN_ATTRIB, *covered);
  }
  Tell(inode, IN_MOVE_SELF, 0, "");
}

// Directory notices.

Result<> SetDirectoryNotice(Task& task, Fd fd, FileDescription& file,
                            uint32_t mask) {
  if ((mask & ~DN_MULTISHOT) == 0) {
    EndDirectoryNotices(file, task.files.get());
    return {};
  }
  if (!file.inode().IsDirectory()) return Errno(ENOTDIR);
  constexpr uint32_t kKnown = DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE |
                              DN_RENAME | DN_ATTRIB | DN_MULTISHOT;
  if (file.owner.id == 0) {
    TRY(SetFileOwner(task, file, task.process().pid()));
  }
  auto& notices = file.inode().watches().notices;
  for (DirectoryNotice& notice : notices) {
    if (notice.file != &file || notice.files != task.files.get()) continue;
    notice.fd = fd;
    notice.mask |= mask & kKnown;
    return {};
  }
  notices.insert(notices.begin(),
                 {&task.kernel(), &file, task.files.get(), fd, mask & kKnown});
  return {};
}

void EndDirectoryNotices(FileDescription& file, const FdTable* files) {
  InotifyWatches* watches = file.inode().existing_watches();
  if (watches == nullptr) return;
  auto& notices = watches->notices;
  for (size_t i = notices.size(); i-- > 0;) {
    if (notices[i].file != &file) continue;
    if (files != nullptr && notices[i].files != files) continue;
    notices.erase(notices.begin() + i);
  }
}

void NotifyOpen(FileDescription& file) { NotifyPath(IN_OPEN, file.path()); }

void NotifyClose(FileDescription& file) {
  NotifyPath(file.writable() ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE, file.path());
}

}  // namespace emu
