// SPDX-License-Identifier: Apache-2.0
//
// File systems whose files are made up when they are read: what procfs and
// sysfs are built of. A text is generated when a read begins at its start, and
// stays the same for the reads that follow.

#ifndef KERNEL_PROCFS_PSEUDO_FS_H_
#define KERNEL_PROCFS_PSEUDO_FS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/inode.h"

namespace emu {

class Kernel;

// Of a directory, entries are numbered from here on.
inline constexpr uint64_t kFirstPosition = 3;

class PseudoFs : public FileSystem {
 public:
  // `magic` as statfs(2) tells it.
  PseudoFs(Kernel& kernel, std::string type, uint64_t device, uint64_t magic);
  ~PseudoFs() override = default;

  FileSystemStats Stats() override;
  Kernel& kernel() const { return kernel_; }
  // Of a node with this mode, root's, born when the file system was.
  Attributes NewAttributes(uint32_t mode, uint64_t rdev = 0) const;
  // What st_size says of a text whose length is not known.
  uint64_t text_size() const { return text_size_; }
  void set_text_size(uint64_t size) { text_size_ = size; }

 private:
  Kernel& kernel_;
  const uint64_t magic_;
  const Nanos born_;
  uint64_t text_size_ = 0;
};

// A file with a text.
class TextInode : public Inode {
 public:
  using Inode::Inode;

  // What `reader` is shown.
  virtual Result<std::string> Generate(Task& reader) = 0;
  // What `writer` says. EPERM, EINVAL.
  virtual Result<> Store(Task& writer, absl::string_view text);
  // Beyond the permission bits.
  virtual Result<> CheckOpen(Task& opener);

  Result<FileRef> Open(Task& task, const Path& path, int flags) override;
  // O_TRUNC means nothing here.
  Result<> SetSize(uint64_t) override { return {}; }
};

class TextFile : public FileDescription {
 public:
  TextFile(TextInode& inode, const Path& path, int flags)
      : FileDescription(path, flags), inode_(inode) {}

  bool seekable() const override { return true; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<uint64_t> Seek(Task& task, int64_t offset, int whence) override;

 private:
  TextInode& inode_;  // kept alive by path()
  std::string text_;
  bool generated_ = false;
};

using Generate = std::function<Result<std::string>(Task& reader)>;
using Store = std::function<Result<>(Task& writer, absl::string_view text)>;

class GeneratedFile : public TextInode {
 public:
  GeneratedFile(PseudoFs& fs, uint32_t mode, emu::Generate generate,
                emu::Store store);
  uint64_t Size() override { return fs_.text_size(); }
  Result<std::string> Generate(Task& reader) override {
    return generate_(reader);
  }
  Result<> Store(Task& writer, absl::string_view text) override;

 private:
  PseudoFs& fs_;
  const emu::Generate generate_;
  const emu::Store store_;
};

// A symbolic link to what its generator says.
class GeneratedLink : public Inode {
 public:
  GeneratedLink(PseudoFs& fs, emu::Generate target);
  Result<std::string> ReadLink(Task* task) override;
  Result<FileRef> Open(Task&, const Path&, int) override {
    return Errno(ELOOP);
  }

 private:
  const emu::Generate target_;
};

// A directory whose entries are put in once, listed by name.
class PseudoDirectory : public Inode {
 public:
  explicit PseudoDirectory(PseudoFs& fs, uint32_t mode = 0555);

  void Add(absl::string_view name, InodeRef inode);
  void AddFile(absl::string_view name, emu::Generate generate,
               uint32_t mode = 0444, emu::Store store = nullptr);
  void AddText(absl::string_view name, std::string text, uint32_t mode = 0444);
  void AddLink(absl::string_view name, std::string target);
  // The directory at `path` below this one; those missing are made.
  PseudoDirectory& Directory(absl::string_view path);
  PseudoFs& pseudo_fs() const { return fs_; }

  Result<InodeRef> Lookup(absl::string_view name) override;
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;
  Result<FileRef> Open(Task& task, const Path& path, int flags) override;

 protected:
  size_t entry_count() const { return entries_.size(); }

 private:
  struct Entry {
    InodeRef inode;
    PseudoDirectory* directory;  // the same, if it is one made here
  };
  PseudoFs& fs_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace emu

#endif  // KERNEL_PROCFS_PSEUDO_FS_H_
