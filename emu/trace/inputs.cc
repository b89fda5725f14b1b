// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/inputs.h"

#include "absl/strings/str_cat.h"

namespace emu {
namespace {

const char* NameOf(InputKind kind) {
  switch (kind) {
    case InputKind::kNone:
      break;
    case InputKind::kHostTime:
      return "host-time";
    case InputKind::kReadInput:
      return "read-input";
    case InputKind::kWriteOutput:
      return "write-output";
    case InputKind::kWindowSize:
      return "window-size";
    case InputKind::kSignal:
      return "signal";
    case InputKind::kTimeOver:
      return "time-over";
    case InputKind::kPreemption:
      return "preemption";
    case InputKind::kStat:
      return "stat";
    case InputKind::kList:
      return "list";
    case InputKind::kReadLink:
      return "read-link";
    case InputKind::kOpen:
      return "open";
    case InputKind::kReadAt:
      return "read-at";
    case InputKind::kStatFile:
      return "stat-file";
    case InputKind::kMapped:
      return "mapped";
    case InputKind::kXattrs:
      return "xattrs";
    case InputKind::kCanMap:
      return "can-map";
    case InputKind::kWriteAt:
      return "write-at";
    case InputKind::kTruncate:
      return "truncate";
    case InputKind::kSync:
      return "sync";
    case InputKind::kCreate:
      return "create";
    case InputKind::kMakeDirectory:
      return "make-directory";
    case InputKind::kMakeNode:
      return "make-node";
    case InputKind::kMakeSymlink:
      return "make-symlink";
    case InputKind::kLink:
      return "link";
    case InputKind::kUnlink:
      return "unlink";
    case InputKind::kRemoveDirectory:
      return "remove-directory";
    case InputKind::kRename:
      return "rename";
    case InputKind::kSetMode:
      return "set-mode";
    case InputKind::kSetTimes:
      return "set-times";
  }
  return nullptr;
}

}  // namespace

std::string InputKindName(InputKind kind) {
  const char* name = NameOf(kind);
  if (name != nullptr) return name;
  return absl::StrCat("input-", static_cast<int>(kind));
}

}  // namespace emu
