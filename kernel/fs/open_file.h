// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of what has a name in the tree: regular files, directories, and
// O_PATH's places.

#ifndef KERNEL_FS_OPEN_FILE_H_
#define KERNEL_FS_OPEN_FILE_H_

#include "kernel/fs/file_description.h"

namespace emu {

// Opens by the inode's type: a regular file or directory here, a FIFO or device
// with its driver; sockets are ENXIO, links ELOOP.
Result<FileRef> OpenByType(Task& task, const Path& path, int flags);

// A regular file, read and written through its inode.
class RegularFile : public FileDescription {
 public:
  RegularFile(Path path, int flags);
  ~RegularFile() override;
  static const char kKind;
  const void* kind() const override { return &kKind; }

  bool seekable() const override { return true; }
  bool pollable() override { return false; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<uint64_t> Seek(Task& task, int64_t offset, int whence) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  Result<std::shared_ptr<MemoryObject>> Map(Task& task, int prot,
                                            bool shared) override;
};

class DirectoryFile : public FileDescription {
 public:
  using FileDescription::FileDescription;
  static const char kKind;
  const void* kind() const override { return &kKind; }

  bool seekable() const override { return true; }
  bool pollable() override { return false; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<uint64_t> Seek(Task& task, int64_t offset, int whence) override;
  Result<> List(Task& task,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;
};

// O_PATH: names a place and can do nothing else.
class PathFile : public FileDescription {
 public:
  using FileDescription::FileDescription;
};

}  // namespace emu

#endif  // KERNEL_FS_OPEN_FILE_H_
