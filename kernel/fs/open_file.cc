// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/open_file.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <utility>

#include "kernel/fs/access.h"
#include "kernel/fs/device.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/pipe.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();

// lseek(2)'s arithmetic: EINVAL below 0 and beyond what an offset can say.
Result<uint64_t> Move(uint64_t base, int64_t by) {
  int64_t to;
  if (__builtin_add_overflow(static_cast<int64_t>(base), by, &to) || to < 0) {
    return Errno(EINVAL);
  }
  return static_cast<uint64_t>(to);
}

}  // namespace

Result<FileRef> OpenByType(Task& task, const Path& path, int flags) {
  switch (path.inode().type()) {
    case S_IFREG:
      return FileRef(std::make_shared<RegularFile>(path, flags));
    case S_IFDIR:
      return FileRef(std::make_shared<DirectoryFile>(path, flags));
    case S_IFCHR:
      return task.kernel().subsystems().devices.Open(task, path, flags);
    case S_IFIFO:
      return OpenFifo(task, path, flags);
    case S_IFLNK:
      return Errno(ELOOP);
    default:
      return Errno(ENXIO);
  }
}

// Regular files.

const char RegularFile::kKind = 0;

RegularFile::RegularFile(Path path, int flags)
    : FileDescription(std::move(path), flags) {
  if (writable()) {
    ++inode().write_count;
    ++this->path().mount->writers;
  } else if (readable()) {
    ++inode().read_count;
  }
}

RegularFile::~RegularFile() {
  if (writable()) {
    --inode().write_count;
    --path().mount->writers;
  } else if (readable()) {
    --inode().read_count;
  }
}

Result<size_t> RegularFile::Read(Task& task, IovIter& to, uint64_t offset) {
  const size_t count = TRY(inode().ReadAt(to, offset));
  if ((flags() & O_NOATIME) == 0) {
    TouchAccessTime(task, *path().mount, inode());
  }
  return count;
}

Result<size_t> RegularFile::Write(Task& task, IovIter& from, uint64_t offset) {
  if (from.remaining() == 0) return size_t{0};
  const uint64_t limit = task.process().limit(RLIMIT_FSIZE);
  if (limit != RLIM64_INFINITY) {
    if (offset >= limit) {
      SendKernelSignal(task.process(), SIGXFSZ);
      return Errno(EFBIG);
    }
    from.Truncate(limit - offset);
  }
  if (offset >= kMaxOffset) return Errno(EFBIG);
  from.Truncate(kMaxOffset - offset);
  const size_t count = TRY(inode().WriteAt(from, offset));
  if (count > 0) TRY(NoteModified(task, inode()));
  return count;
}

Result<uint64_t> RegularFile::Seek(Task&, int64_t by, int whence) {
  switch (whence) {
    case SEEK_SET:
      return Move(0, by);
    case SEEK_CUR:
      return Move(offset, by);
    case SEEK_END:
      return Move(inode().Size(), by);
    case SEEK_DATA:
    case SEEK_HOLE:
      if (by < 0) return Errno(ENXIO);
      return inode().SeekData(by, whence == SEEK_HOLE);
    default:
      return Errno(EINVAL);
  }
}

Result<int64_t> RegularFile::Ioctl(Task& task, uint32_t request,
                                   GuestAddr arg) {
  if (request == FIONREAD) {
    const int64_t left = static_cast<int64_t>(inode().Size() - offset);
    TRY(task.Write(UserPtr<int32_t>(arg), static_cast<int32_t>(left)));
    return int64_t{0};
  }
  return Errno(ENOTTY);
}

Result<std::shared_ptr<MemoryObject>> RegularFile::Map(Task&, int prot,
                                                       bool shared) {
  if (!readable()) return Errno(EACCES);
  if (shared && (prot & PROT_WRITE) != 0 && !writable()) return Errno(EACCES);
  if ((prot & PROT_EXEC) != 0 && path().mount->flags.noexec) {
    return Errno(EPERM);
  }
  MemoryObject* object = inode().memory_object();
  if (object == nullptr) return Errno(ENODEV);
  return std::shared_ptr<MemoryObject>(inode().shared_from_this(), object);
}

// Directories.

const char DirectoryFile::kKind = 0;

Result<size_t> DirectoryFile::Read(Task&, IovIter&, uint64_t) {
  return Errno(EISDIR);
}

Result<uint64_t> DirectoryFile::Seek(Task&, int64_t by, int whence) {
  switch (whence) {
    case SEEK_SET:
      return Move(0, by);
    case SEEK_CUR:
      return Move(offset, by);
    default:
      return Errno(EINVAL);
  }
}

Result<> DirectoryFile::List(Task& task,
                             absl::FunctionRef<bool(const DirEntry&)> sink) {
  Dentry& here = *path().dentry;
  if (here.deleted()) return Errno(ENOENT);
  if (offset == 0 && !sink({".", here.inode().ino(), S_IFDIR, 1})) return {};
  if (offset <= 1) {
    const Dentry& up = here.parent() != nullptr ? *here.parent() : here;
    if (!sink({"..", up.inode().ino(), S_IFDIR, 2})) return {};
  }
  TRY(here.inode().List(&task, offset <= 2 ? 0 : offset, sink));
  TouchAccessTime(task, *path().mount, inode());
  return {};
}

}  // namespace emu
