// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/fd_table.h"

#include <algorithm>

namespace emu {

FileDescription* FdTable::Peek(Fd fd) const {
  if (fd.value < 0 || fd.value >= size()) return nullptr;
  return slots_[fd.value].file.get();
}

Result<FileRef> FdTable::Get(Fd fd) const {
  if (Peek(fd) == nullptr) return Errno(EBADF);
  return slots_[fd.value].file;
}

Result<Fd> FdTable::Add(FileRef file, bool cloexec, uint64_t limit,
                        int lowest) {
  int fd = std::max(lowest, lowest_free_);
  while (fd < size() && slots_[fd].file != nullptr) ++fd;
  if (static_cast<uint64_t>(fd) >= limit) return Errno(EMFILE);
  if (fd >= size()) slots_.resize(fd + 1);
  slots_[fd] = {std::move(file), cloexec};
  if (lowest <= lowest_free_) lowest_free_ = fd + 1;
  return Fd{fd};
}

bool FdTable::Full(uint64_t limit) const {
  int fd = lowest_free_;
  while (fd < size() && slots_[fd].file != nullptr) ++fd;
  return static_cast<uint64_t>(fd) >= limit;
}

Result<FileRef> FdTable::Put(Fd fd, FileRef file, bool cloexec,
                             uint64_t limit) {
  if (fd.value < 0 || static_cast<uint64_t>(fd.value) >= limit) {
    return Errno(EBADF);
  }
  if (fd.value >= size()) slots_.resize(fd.value + 1);
  Slot old = std::move(slots_[fd.value]);
  slots_[fd.value] = {std::move(file), cloexec};
  return std::move(old.file);
}

Result<FileRef> FdTable::Remove(Fd fd) {
  if (Peek(fd) == nullptr) return Errno(EBADF);
  FileRef file = std::move(slots_[fd.value].file);
  slots_[fd.value] = {};
  lowest_free_ = std::min(lowest_free_, fd.value);
  return file;
}

Result<bool> FdTable::GetCloexec(Fd fd) const {
  if (Peek(fd) == nullptr) return Errno(EBADF);
  return slots_[fd.value].cloexec;
}

Result<> FdTable::SetCloexec(Fd fd, bool cloexec) {
  if (Peek(fd) == nullptr) return Errno(EBADF);
  slots_[fd.value].cloexec = cloexec;
  return {};
}

std::shared_ptr<FdTable> FdTable::Copy() const {
  auto copy = std::make_shared<FdTable>();
  copy->slots_ = slots_;
  copy->lowest_free_ = lowest_free_;
  return copy;
}

std::vector<FileRef> FdTable::TakeCloexec() {
  std::vector<FileRef> taken;
  for (int fd = 0; fd < size(); ++fd) {
    if (slots_[fd].file == nullptr || !slots_[fd].cloexec) continue;
    taken.push_back(*Remove(Fd{fd}));
  }
  return taken;
}

}  // namespace emu
