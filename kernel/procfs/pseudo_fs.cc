// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/pseudo_fs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_split.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A write is taken as a whole, up to a page.
constexpr size_t kMostStored = 4096;

}  // namespace

PseudoFs::PseudoFs(Kernel& kernel, std::string type, uint64_t device,
                   uint64_t magic)
    : FileSystem(std::move(type), device),
      kernel_(kernel),
      magic_(magic),
      born_(kernel.clock().realtime()) {}

FileSystemStats PseudoFs::Stats() {
  FileSystemStats stats;
  stats.type = magic_;
  return stats;
}

Attributes PseudoFs::NewAttributes(uint32_t mode, uint64_t rdev) const {
  Attributes attributes;
  attributes.mode = mode;
  attributes.rdev = rdev;
  attributes.nlink = S_ISDIR(mode) ? 2 : 1;
  attributes.atime = attributes.mtime = attributes.ctime = attributes.btime =
      born_;
  return attributes;
}

Result<> TextInode::Store(Task&, absl::string_view) { return Errno(EINVAL); }

Result<> TextInode::CheckOpen(Task&) { return {}; }

Result<FileRef> TextInode::Open(Task& task, const Path& path, int flags) {
  TRY(CheckOpen(task));
  return FileRef(std::make_shared<TextFile>(*this, path, flags));
}

Result<size_t> TextFile::Read(Task& task, IovIter& to, uint64_t offset) {
  if (offset == 0 || !generated_) {
    text_ = TRY(inode_.Generate(task));
    generated_ = true;
  }
  if (offset >= text_.size()) return size_t{0};
  const size_t n = std::min<uint64_t>(text_.size() - offset, to.remaining());
  return to.Put(text_.data() + offset, n);
}

Result<size_t> TextFile::Write(Task& task, IovIter& from, uint64_t) {
  std::string text(std::min<uint64_t>(from.remaining(), kMostStored), 0);
  const size_t n = TRY(from.Get(text.data(), text.size()));
  text.resize(n);
  TRY(inode_.Store(task, text));
  return n;
}

Result<uint64_t> TextFile::Seek(Task&, int64_t by, int whence) {
  if (whence != SEEK_SET && whence != SEEK_CUR) return Errno(EINVAL);
  int64_t to = whence == SEEK_CUR ? static_cast<int64_t>(offset) : 0;
  if (__builtin_add_overflow(to, by, &to) || to < 0) return Errno(EINVAL);
  return static_cast<uint64_t>(to);
}

GeneratedFile::GeneratedFile(PseudoFs& fs, uint32_t mode,
                             emu::Generate generate, emu::Store store)
    : TextInode(fs, fs.NextIno(), fs.NewAttributes(S_IFREG | mode)),
      fs_(fs),
      generate_(std::move(generate)),
      store_(std::move(store)) {}

Result<> GeneratedFile::Store(Task& writer, absl::string_view text) {
  if (store_ == nullptr) return Errno(EPERM);
  return store_(writer, text);
}

GeneratedLink::GeneratedLink(PseudoFs& fs, emu::Generate target)
    : Inode(fs, fs.NextIno(), fs.NewAttributes(S_IFLNK | 0777)),
      target_(std::move(target)) {}

Result<std::string> GeneratedLink::ReadLink(Task* task) {
  if (task == nullptr) return Errno(ENOENT);
  return target_(*task);
}

PseudoDirectory::PseudoDirectory(PseudoFs& fs, uint32_t mode)
    : Inode(fs, fs.NextIno(), fs.NewAttributes(S_IFDIR | mode)), fs_(fs) {}

void PseudoDirectory::Add(absl::string_view name, InodeRef inode) {
  if (inode->IsDirectory()) ++attr().nlink;
  entries_[std::string(name)] = {std::move(inode), nullptr};
}

void PseudoDirectory::AddFile(absl::string_view name, emu::Generate generate,
                              uint32_t mode, emu::Store store) {
  Add(name, std::make_shared<GeneratedFile>(fs_, mode, std::move(generate),
                                            std::move(store)));
}

void PseudoDirectory::AddText(absl::string_view name, std::string text,
                              uint32_t mode) {
  AddFile(
      name, [text = std::move(text)](Task&) { return text; }, mode);
}

void PseudoDirectory::AddLink(absl::string_view name, std::string target) {
  Add(name,
      std::make_shared<GeneratedLink>(
          fs_, [target = std::move(target)](Task&) { return target; }));
}

PseudoDirectory& PseudoDirectory::Directory(absl::string_view path) {
  PseudoDirectory* at = this;
  for (absl::string_view name : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    const auto it = at->entries_.find(name);
    if (it != at->entries_.end()) {
      at = it->second.directory;
      continue;
    }
    auto made = std::make_shared<PseudoDirectory>(fs_);
    PseudoDirectory* const below = made.get();
    at->Add(name, std::move(made));
    at->entries_.find(name)->second.directory = below;
    at = below;
  }
  return *at;
}

Result<InodeRef> PseudoDirectory::Lookup(absl::string_view name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return Errno(ENOENT);
  return it->second.inode;
}

Result<> PseudoDirectory::List(Task*, uint64_t from,
                               absl::FunctionRef<bool(const DirEntry&)> sink) {
  uint64_t position = kFirstPosition;
  for (const auto& [name, entry] : entries_) {
    if (position++ < from) continue;
    if (!sink({name, entry.inode->ino(), entry.inode->type(), position})) {
      return {};
    }
  }
  return {};
}

Result<FileRef> PseudoDirectory::Open(Task& task, const Path& path,
                                      int flags) {
  return OpenByType(task, path, flags);
}

}  // namespace emu
