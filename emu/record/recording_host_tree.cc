// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_host_tree.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emu/record/questions.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/input_codec.h"

namespace emu {

std::string& RecordingHostTree::Ask(InputKind kind, const std::string& path) {
  std::string& record = recorder_.Begin(kind);
  AppendQuestion(record, number_, path);
  return record;
}

std::string& RecordingHostTree::Ask(InputKind kind, HostFileId file) {
  std::string& record = recorder_.Begin(kind);
  AppendQuestion(record, number_, file);
  return record;
}

Result<> RecordingHostTree::Answer(std::string& record, Result<> result) {
  AppendOutcome(record, result.ok() ? 0 : result.error().value());
  recorder_.Commit();
  return result;
}

Result<> RecordingHostTree::AnswerMode(InputKind kind, const std::string& path,
                                       uint32_t mode, Result<> result) {
  std::string& record = Ask(kind, path);
  AppendVarint(record, mode);
  return Answer(record, result);
}

// Identity matters where a file may have other names; a bind looks for it
// always.
HostNode RecordingHostTree::Anonymous(const HostNode& node) {
  HostNode anonymous = node;
  anonymous.device = 0;
  anonymous.inode = 0;
  if (writable_ || (node.nlink > 1 && !S_ISDIR(node.mode))) {
    anonymous.inode =
        identities_
            .try_emplace({node.device, node.inode}, identities_.size() + 1)
            .first->second;
  }
  return anonymous;
}

std::string RecordingHostTree::NameOf(const std::string& path) const {
  if (path.empty()) return name_;
  return absl::StrCat(name_, absl::EndsWith(name_, "/") ? "" : "/", path);
}

Result<HostNode> RecordingHostTree::Stat(const std::string& path) {
  Result<HostNode> node = host_.Stat(path);
  std::string& record = Ask(InputKind::kStat, path);
  AppendOutcome(record, node.ok() ? 0 : node.error().value());
  if (node.ok()) {
    node = Anonymous(*node);
    AppendNode(record, *node);
  }
  recorder_.Commit();
  return node;
}

Result<std::vector<HostDirEntry>> RecordingHostTree::List(
    const std::string& path) {
  Result<std::vector<HostDirEntry>> entries = host_.List(path);
  std::string& record = Ask(InputKind::kList, path);
  AppendOutcome(record, entries.ok() ? 0 : entries.error().value());
  if (entries.ok()) AppendEntries(record, *entries);
  recorder_.Commit();
  return entries;
}

Result<std::string> RecordingHostTree::ReadLink(const std::string& path) {
  Result<std::string> target = host_.ReadLink(path);
  std::string& record = Ask(InputKind::kReadLink, path);
  AppendOutcome(record, target.ok() ? 0 : target.error().value());
  if (target.ok()) AppendBytes(record, *target);
  recorder_.Commit();
  return target;
}

Result<HostFileId> RecordingHostTree::Open(const std::string& path,
                                           bool writable) {
  Result<OpenedFile> opened = Errno(EROFS);
  if (writable_) {
    const Result<HostFileId> host = host_.Open(path, writable);
    opened = host.ok() ? Result<OpenedFile>(OpenedFile{
                             .live = true, .tree = &host_, .host = *host})
                       : host.error();
  } else if (!writable) {
    opened = files_.Open(host_, path, NameOf(path));
  }
  std::string& record = Ask(InputKind::kOpen, path);
  AppendVarint(record, writable ? 1 : 0);
  AppendOutcome(record, opened.ok() ? 0 : opened.error().value());
  if (opened.ok()) {
    opened->node = Anonymous(opened->node);
    // 0: what it holds is told as it is asked for.
    AppendVarint(record, writable_ ? 0 : uint64_t{opened->content} + 1);
    AppendNode(record, opened->node);
  }
  recorder_.Commit();
  if (!opened.ok()) return opened.error();
  return files_.Add(opened.Take());
}

void RecordingHostTree::Close(HostFileId file) {
  const OpenedFile* opened = files_.Find(file);
  if (opened != nullptr && opened->tree != nullptr) host_.Close(opened->host);
  files_.Remove(file);
}

Result<size_t> RecordingHostTree::ReadAt(HostFileId file, absl::Span<char> out,
                                         uint64_t offset) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) {
    if (offset >= opened->node.size) return 0;
    out = out.subspan(0, std::min<uint64_t>(out.size(),
                                            opened->node.size - offset));
    if (opened->tree != nullptr) {
      return host_.ReadAt(opened->host, out, offset);
    }
    if (opened->bytes) {
      ReadString(*opened->bytes, offset, out);
      return out.size();
    }
    const absl::Status status =
        opened->dropped ? files_.ReadDropped(*opened, offset, out)
                        : files_.store().Read(*opened->slot, offset, out);
    if (!status.ok()) return Errno(EIO);
    return out.size();
  }
  const Result<size_t> n = host_.ReadAt(opened->host, out, offset);
  std::string& record = Ask(InputKind::kReadAt, file);
  AppendVarint(record, out.size());
  AppendVarint(record, offset);
  AppendOutcome(record, n.ok() ? 0 : n.error().value());
  if (n.ok()) AppendBytes(record, absl::string_view(out.data(), *n));
  recorder_.Commit();
  return n;
}

Result<HostNode> RecordingHostTree::StatFile(HostFileId file) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return opened->node;
  Result<HostNode> node = host_.StatFile(opened->host);
  std::string& record = Ask(InputKind::kStatFile, file);
  AppendOutcome(record, node.ok() ? 0 : node.error().value());
  if (node.ok()) {
    node = Anonymous(*node);
    AppendNode(record, *node);
  }
  recorder_.Commit();
  return node;
}

// Most files have none.
HostTree::Xattrs RecordingHostTree::XattrsOf(const std::string& path) {
  Xattrs xattrs = host_.XattrsOf(path);
  if (xattrs.empty()) {
    recorder_.CountQuiet();
    return xattrs;
  }
  AppendXattrs(Ask(InputKind::kXattrs, path), xattrs);
  recorder_.Commit();
  return xattrs;
}

// Copies can be mapped always; most files of a bind can.
bool RecordingHostTree::CanMap(HostFileId file, bool shared) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr || !opened->live) return true;
  if (host_.CanMap(opened->host, shared)) {
    recorder_.CountQuiet();
    return true;
  }
  AppendVarint(Ask(InputKind::kCanMap, file), shared ? 1 : 0);
  recorder_.Commit();
  return false;
}

// What follows changes the host's files: of writable trees alone.

Result<size_t> RecordingHostTree::WriteAt(HostFileId file,
                                          absl::Span<const char> bytes,
                                          uint64_t offset) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  const Result<size_t> n = host_.WriteAt(opened->host, bytes, offset);
  std::string& record = Ask(InputKind::kWriteAt, file);
  AppendVarint(record, bytes.size());
  AppendVarint(record, offset);
  AppendOutcome(record, n.ok() ? 0 : n.error().value());
  if (n.ok()) AppendVarint(record, *n);
  recorder_.Commit();
  return n;
}

Result<> RecordingHostTree::Truncate(HostFileId file, uint64_t size) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  const Result<> result = host_.Truncate(opened->host, size);
  std::string& record = Ask(InputKind::kTruncate, file);
  AppendVarint(record, size);
  return Answer(record, result);
}

Result<> RecordingHostTree::Sync(HostFileId file) {
  const OpenedFile* opened = files_.Find(file);
  if (opened == nullptr) return Errno(EBADF);
  if (!opened->live) return Errno(EROFS);
  const Result<> result = host_.Sync(opened->host);
  return Answer(Ask(InputKind::kSync, file), result);
}

Result<> RecordingHostTree::Create(const std::string& path, uint32_t mode) {
  const Result<> result = host_.Create(path, mode);
  return AnswerMode(InputKind::kCreate, path, mode, result);
}

Result<> RecordingHostTree::MakeDirectory(const std::string& path,
                                          uint32_t mode) {
  const Result<> result = host_.MakeDirectory(path, mode);
  return AnswerMode(InputKind::kMakeDirectory, path, mode, result);
}

Result<> RecordingHostTree::MakeNode(const std::string& path, uint32_t mode) {
  const Result<> result = host_.MakeNode(path, mode);
  return AnswerMode(InputKind::kMakeNode, path, mode, result);
}

Result<> RecordingHostTree::MakeSymlink(const std::string& path,
                                        const std::string& target) {
  const Result<> result = host_.MakeSymlink(path, target);
  std::string& record = Ask(InputKind::kMakeSymlink, path);
  AppendBytes(record, target);
  return Answer(record, result);
}

Result<> RecordingHostTree::Link(const std::string& from,
                                 const std::string& to) {
  const Result<> result = host_.Link(from, to);
  std::string& record = Ask(InputKind::kLink, from);
  AppendBytes(record, to);
  return Answer(record, result);
}

Result<> RecordingHostTree::Unlink(const std::string& path) {
  const Result<> result = host_.Unlink(path);
  return Answer(Ask(InputKind::kUnlink, path), result);
}

Result<> RecordingHostTree::RemoveDirectory(const std::string& path) {
  const Result<> result = host_.RemoveDirectory(path);
  return Answer(Ask(InputKind::kRemoveDirectory, path), result);
}

Result<> RecordingHostTree::Rename(const std::string& from,
                                   const std::string& to, uint32_t flags) {
  const Result<> result = host_.Rename(from, to, flags);
  std::string& record = Ask(InputKind::kRename, from);
  AppendBytes(record, to);
  AppendVarint(record, flags);
  return Answer(record, result);
}

Result<> RecordingHostTree::SetMode(const std::string& path, uint32_t mode) {
  const Result<> result = host_.SetMode(path, mode);
  return AnswerMode(InputKind::kSetMode, path, mode, result);
}

Result<> RecordingHostTree::SetTimes(const std::string& path, Nanos atime,
                                     Nanos mtime) {
  const Result<> result = host_.SetTimes(path, atime, mtime);
  std::string& record = Ask(InputKind::kSetTimes, path);
  AppendSigned(record, atime);
  AppendSigned(record, mtime);
  return Answer(record, result);
}

}  // namespace emu
