// SPDX-License-Identifier: Apache-2.0

#include "emu/record/replay_host_tree.h"

#include "emu/record/questions.h"
#include "emu/trace/input_codec.h"

namespace emu {

std::string& ReplayHostTree::Begin(const std::string& path) {
  question_.clear();
  AppendQuestion(question_, number_, path);
  return question_;
}

std::string& ReplayHostTree::Begin(HostFileId file) {
  question_.clear();
  AppendQuestion(question_, number_, file);
  return question_;
}

Errno ReplayHostTree::Malformed(InputKind kind) {
  player_.FailMalformed(kind);
  return Errno(EIO);
}

Result<> ReplayHostTree::Ask(InputKind kind) {
  const auto answer = player_.Ask(kind, question_);
  if (!answer) return Errno(EIO);
  answer_ = *answer;
  int error = 0;
  if (!TakeOutcome(answer_, &error)) return Malformed(kind);
  if (error != 0) return Errno(error);
  return {};
}

Result<HostNode> ReplayHostTree::Stat(const std::string& path) {
  Begin(path);
  TRY(Ask(InputKind::kStat));
  HostNode node;
  if (!TakeNode(answer_, &node)) return Malformed(InputKind::kStat);
  return node;
}

Result<std::vector<HostDirEntry>> ReplayHostTree::List(
    const std::string& path) {
  Begin(path);
  TRY(Ask(InputKind::kList));
  std::vector<HostDirEntry> entries;
  if (!TakeEntries(answer_, &entries)) return Malformed(InputKind::kList);
  return entries;
}

Result<std::string> ReplayHostTree::ReadLink(const std::string& path) {
  Begin(path);
  TRY(Ask(InputKind::kReadLink));
  absl::string_view target;
  if (!TakeBytes(answer_, &target)) return Malformed(InputKind::kReadLink);
  return std::string(target);
}

Result<HostFileId> ReplayHostTree::Open(const std::string& path,
                                        bool writable) {
  AppendVarint(Begin(path), writable ? 1 : 0);
  TRY(Ask(InputKind::kOpen));
  uint64_t content = 0;
  HostNode node;
  if (!TakeVarint(answer_, &content) || content > kNoContent ||
      !TakeNode(answer_, &node)) {
    return Malformed(InputKind::kOpen);
  }
  if (content == 0) return files_.Add({.live = true, .node = node});
  return files_.AddCopy(static_cast<ContentId>(content - 1), node);
}

void ReplayHostTree::Close(HostFileId file) { files_.Remove(file); }

Result<size_t> ReplayHostTree::ReadAt(HostFileId file, absl::Span<char> out,
                                      uint64_t offset) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return files_.ReadCopy(*opened, out, offset);
  AppendVarint(Begin(file), out.size());
  AppendVarint(question_, offset);
  TRY(Ask(InputKind::kReadAt));
  absl::string_view bytes;
  if (!TakeBytes(answer_, &bytes) || bytes.size() > out.size()) {
    return Malformed(InputKind::kReadAt);
  }
  return bytes.copy(out.data(), bytes.size());
}

Result<HostNode> ReplayHostTree::StatFile(HostFileId file) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return opened->node;
  Begin(file);
  TRY(Ask(InputKind::kStatFile));
  HostNode node;
  if (!TakeNode(answer_, &node)) return Malformed(InputKind::kStatFile);
  return node;
}

HostTree::Xattrs ReplayHostTree::XattrsOf(const std::string& path) {
  Xattrs xattrs;
  auto answer = player_.Poll(InputKind::kXattrs, Begin(path));
  if (answer && !TakeXattrs(*answer, &xattrs)) {
    player_.FailMalformed(InputKind::kXattrs);
  }
  return xattrs;
}

bool ReplayHostTree::CanMap(HostFileId file, bool shared) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr || !opened->live) return true;
  AppendVarint(Begin(file), shared ? 1 : 0);
  return !player_.Poll(InputKind::kCanMap, question_).has_value();
}

Result<size_t> ReplayHostTree::WriteAt(HostFileId file,
                                       absl::Span<const char> bytes,
                                       uint64_t offset) {
  OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  AppendVarint(Begin(file), bytes.size());
  AppendVarint(question_, offset);
  TRY(Ask(InputKind::kWriteAt));
  uint64_t written = 0;
  if (!TakeVarint(answer_, &written) || written > bytes.size()) {
    return Malformed(InputKind::kWriteAt);
  }
  files_.Write(*opened, bytes.subspan(0, written), offset);
  return static_cast<size_t>(written);
}

Result<> ReplayHostTree::Truncate(HostFileId file, uint64_t size) {
  OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  AppendVarint(Begin(file), size);
  TRY(Ask(InputKind::kTruncate));
  files_.SetSize(*opened, size);
  return {};
}

Result<> ReplayHostTree::Sync(HostFileId file) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  Begin(file);
  return Ask(InputKind::kSync);
}

Result<> ReplayHostTree::Create(const std::string& path, uint32_t mode) {
  AppendVarint(Begin(path), mode);
  return Ask(InputKind::kCreate);
}

Result<> ReplayHostTree::MakeDirectory(const std::string& path,
                                       uint32_t mode) {
  AppendVarint(Begin(path), mode);
  return Ask(InputKind::kMakeDirectory);
}

Result<> ReplayHostTree::MakeNode(const std::string& path, uint32_t mode) {
  AppendVarint(Begin(path), mode);
  return Ask(InputKind::kMakeNode);
}

Result<> ReplayHostTree::MakeSymlink(const std::string& path,
                                     const std::string& target) {
  AppendBytes(Begin(path), target);
  return Ask(InputKind::kMakeSymlink);
}

Result<> ReplayHostTree::Link(const std::string& from, const std::string& to) {
  AppendBytes(Begin(from), to);
  return Ask(InputKind::kLink);
}

Result<> ReplayHostTree::Unlink(const std::string& path) {
  Begin(path);
  return Ask(InputKind::kUnlink);
}

Result<> ReplayHostTree::RemoveDirectory(const std::string& path) {
  Begin(path);
  return Ask(InputKind::kRemoveDirectory);
}

Result<> ReplayHostTree::Rename(const std::string& from, const std::string& to,
                                uint32_t flags) {
  AppendBytes(Begin(from), to);
  AppendVarint(question_, flags);
  return Ask(InputKind::kRename);
}

Result<> ReplayHostTree::SetMode(const std::string& path, uint32_t mode) {
  AppendVarint(Begin(path), mode);
  return Ask(InputKind::kSetMode);
}

Result<> ReplayHostTree::SetTimes(const std::string& path, Nanos atime,
                                  Nanos mtime) {
  AppendSigned(Begin(path), atime);
  AppendSigned(question_, mtime);
  return Ask(InputKind::kSetTimes);
}

}  // namespace emu
