// SPDX-License-Identifier: Apache-2.0
//
// An open file description, in open(2)'s sense: what descriptors refer to. It
// has an offset, status flags and the object behind it; dup and fork share it;
// it ends with its last descriptor (or mapping, or message in flight).
// Subclasses are the kinds of open file: regular file, directory, pipe end,
// socket, eventfd, terminal.
//
// Operations never block: they return EAGAIN and the description's wait queue
// is woken when that may have changed; Task::Await turns the two into waiting.

#ifndef KERNEL_FS_FILE_DESCRIPTION_H_
#define KERNEL_FS_FILE_DESCRIPTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "arch/result.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/iov_iter.h"
#include "kernel/wait_queue.h"

namespace emu {

class Task;

// Whom signals tell of a file: fcntl(2)'s F_SETOWN and F_SETSIG.
struct FileOwner {
  Pid id = 0;           // of a process; negative: a group
  bool thread = false;  // `id` is one thread's (F_OWNER_TID)
  int signal = 0;       // 0: SIGIO
  // Who asked for it: nobody is signalled whom they may not signal.
  Uid uid = 0;
  Uid euid = 0;
};

class FileDescription : public std::enable_shared_from_this<FileDescription> {
 public:
  // `flags` are open(2)'s: access mode and status flags are kept. `path` may be
  // one of an anonymous file system (pipes, sockets); it is never empty.
  FileDescription(Path path, int flags);
  FileDescription(const FileDescription&) = delete;
  FileDescription& operator=(const FileDescription&) = delete;
  virtual ~FileDescription();

  const Path& path() const { return path_; }
  Inode& inode() const { return path_.inode(); }

  // O_ACCMODE and the status flags; the second may change by F_SETFL.
  int flags() const { return flags_; }
  void set_status_flags(int flags);
  bool readable() const;
  bool writable() const;
  bool nonblocking() const;
  bool path_only() const;  // O_PATH

  // The offset of seekable files.
  uint64_t offset = 0;

  // Whether read and write use an offset (pread works, lseek works).
  virtual bool seekable() const { return false; }

  // Bytes moved; 0 at the end. EAGAIN when there are none now. A seekable file
  // uses `offset` (the caller moves the description's own), others ignore it.
  virtual Result<size_t> Read(Task& task, IovIter& to, uint64_t offset);
  virtual Result<size_t> Write(Task& task, IovIter& from, uint64_t offset);
  // The new offset. ESPIPE, EINVAL, ENXIO.
  virtual Result<uint64_t> Seek(Task& task, int64_t offset, int whence);
  // getdents64(2): entries from `offset` on, . and .. among them, until `sink`
  // says false. ENOTDIR.
  virtual Result<> List(Task& task,
                        absl::FunctionRef<bool(const DirEntry&)> sink);
  // ENOTTY when the request is not one of this file's.
  virtual Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg);

  // poll(2)'s events that hold now: always ready is the default.
  virtual uint32_t Poll(Task& task);
  // What is woken when Poll's answer may have changed; null when it never does.
  virtual WaitQueue* wait_queue() { return nullptr; }
  // Whether epoll(7) takes it (EPERM for regular files and directories).
  virtual bool pollable() { return wait_queue() != nullptr; }

  // mmap(2)'s object; `shared` and `prot` may be refused (EACCES, ENODEV).
  virtual Result<std::shared_ptr<MemoryObject>> Map(Task& task, int prot,
                                                    bool shared);
  // One descriptor of it was closed by `task` (POSIX locks end, flush).
  virtual void OnClose(Task& task);
  // What /proc/self/fd shows for it ("pipe:[7]"); by default the path's name.
  virtual std::string Describe(const Path& root);
  // The address of the subclass's kKind, for kinds that have calls of their
  // own: see FileAs.
  virtual const void* kind() const { return nullptr; }
  // The lines that /proc/self/fdinfo shows behind pos, flags, mnt_id and ino.
  virtual std::string FdInfo() { return ""; }

  FileOwner owner;
  // What tells the owner of data (O_ASYNC, fs/async_io.h), or null.
  void set_async(std::unique_ptr<Waiter> notifier) {
    async_ = std::move(notifier);
  }

 private:
  Path path_;
  int flags_;
  std::unique_ptr<Waiter> async_;
};

// `file` as one of the kinds that declare `static const char kKind` and return
// its address from kind(); null when it is another.
template <typename T>
T* FileAs(FileDescription& file) {
  return file.kind() == &T::kKind ? static_cast<T*>(&file) : nullptr;
}

}  // namespace emu

#endif  // KERNEL_FS_FILE_DESCRIPTION_H_
