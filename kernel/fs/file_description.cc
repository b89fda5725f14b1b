// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/file_description.h"

#include <fcntl.h>
#include <poll.h>

#include <utility>

#include "kernel/fs/inotify.h"
#include "kernel/fs/locks.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What an open file keeps of open(2)'s flags, and F_SETFL may change.
constexpr int kForgotten = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
constexpr int kChangeable =
    O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;

}  // namespace

FileDescription::FileDescription(Path path, int flags)
    : path_(std::move(path)), flags_(flags & ~kForgotten) {}

FileDescription::~FileDescription() {
  if (FileLocks* locks = inode().existing_locks()) locks->ReleaseFile(*this);
  EndDirectoryNotices(*this, nullptr);
  if (!path_only()) NotifyClose(*this);
}

void FileDescription::set_status_flags(int flags) {
  flags_ = (flags_ & ~kChangeable) | (flags & kChangeable);
}

bool FileDescription::readable() const {
  return !path_only() && (flags_ & O_ACCMODE) != O_WRONLY &&
         (flags_ & O_ACCMODE) != O_ACCMODE;
}

bool FileDescription::writable() const {
  return !path_only() &&
         ((flags_ & O_ACCMODE) == O_WRONLY || (flags_ & O_ACCMODE) == O_RDWR);
}

bool FileDescription::nonblocking() const { return (flags_ & O_NONBLOCK) != 0; }

bool FileDescription::path_only() const { return (flags_ & O_PATH) != 0; }

Result<size_t> FileDescription::Read(Task&, IovIter&, uint64_t) {
  return Errno(EINVAL);
}

Result<size_t> FileDescription::Write(Task&, IovIter&, uint64_t) {
  return Errno(EINVAL);
}

Result<uint64_t> FileDescription::Seek(Task&, int64_t, int) {
  return Errno(ESPIPE);
}

Result<> FileDescription::List(Task&,
                               absl::FunctionRef<bool(const DirEntry&)>) {
  return Errno(ENOTDIR);
}

Result<int64_t> FileDescription::Ioctl(Task&, uint32_t, GuestAddr) {
  return Errno(ENOTTY);
}

uint32_t FileDescription::Poll(Task&) {
  return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

Result<std::shared_ptr<MemoryObject>> FileDescription::Map(Task&, int, bool) {
  return Errno(ENODEV);
}

void FileDescription::OnClose(Task& task) {
  if (FileLocks* locks = inode().existing_locks()) {
    locks->ReleaseOwner(task.files.get());
  }
  EndDirectoryNotices(*this, task.files.get());
}

std::string FileDescription::Describe(const Path& root) {
  return PathName(path_, root);
}

}  // namespace emu
