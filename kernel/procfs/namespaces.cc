// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/namespaces.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "kernel/fs/anonymous.h"
#include "kernel/fs/inode.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

struct Namespace {
  const char* link;
  const char* type;
  uint64_t number;
};
// The numbers of a fresh system's own.
constexpr Namespace kNamespaces[] = {
    {"cgroup", "cgroup", 4026531835}, {"ipc", "ipc", 4026531839},
    {"mnt", "mnt", 4026531841},       {"net", "net", 4026531840},
    {"pid", "pid", 4026531836},       {"pid_for_children", "pid", 4026531836},
    {"time", "time", 4026531834},     {"time_for_children", "time", 4026531834},
    {"user", "user", 4026531837},     {"uts", "uts", 4026531838},
};
static_assert(std::size(kNamespaces) == kNamespaceKinds);

// An open namespace: something to compare.
class NamespaceFile : public FileDescription {
 public:
  NamespaceFile(int kind, const Path& path, int flags)
      : FileDescription(path, flags), kind_(kind) {}
  std::string Describe(const Path&) override { return NamespaceName(kind_); }

 private:
  const int kind_;
};

class NamespaceInode : public Inode {
 public:
  NamespaceInode(FileSystem& fs, const Attributes& attributes, int kind)
      : Inode(fs, kNamespaces[kind].number, attributes), kind_(kind) {}
  Result<FileRef> Open(Task&, const Path& path, int flags) override {
    return FileRef(std::make_shared<NamespaceFile>(kind_, path, flags));
  }

 private:
  const int kind_;
};

}  // namespace

const char* NamespaceLinkName(int kind) { return kNamespaces[kind].link; }

std::string NamespaceName(int kind) {
  const Namespace& ns = kNamespaces[kind];
  return absl::StrCat(ns.type, ":[", ns.number, "]");
}

Path NamespacePath(Kernel& kernel, int kind) {
  AnonymousFileSystems& anonymous = kernel.subsystems().anonymous;
  Attributes attributes;
  attributes.mode = S_IFREG | 0444;
  attributes.atime = attributes.mtime = attributes.ctime =
      kernel.clock().realtime();
  auto inode = std::make_shared<NamespaceInode>(
      anonymous.file_system(AnonymousKind::kInode), attributes, kind);
  return anonymous.PathOf(AnonymousKind::kInode, NamespaceName(kind), inode);
}

Result<FileRef> OpenNamespace(Task& task, int kind) {
  const Path path = NamespacePath(task.kernel(), kind);
  return path.inode().Open(task, path, O_RDONLY);
}

}  // namespace emu
