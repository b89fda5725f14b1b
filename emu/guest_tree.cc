// SPDX-License-Identifier: Apache-2.0

#include "emu/guest_tree.h"

#include <string.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kernel/dev/standard_mounts.h"
#include "kernel/fs/bind_fs.h"
#include "kernel/fs/import_fs.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/fs/tmpfs.h"

namespace emu {
namespace {

absl::Status GuestError(absl::string_view what, Errno error) {
  return absl::FailedPreconditionError(
      absl::StrCat(what, ": ", strerrordesc_np(error.value())));
}

// Imported files are as old as the run itself, unless `times` says otherwise.
ImportPolicy PolicyFor(const GuestUser& user, ImportedTimes times,
                       Kernel& kernel) {
  return {.uid = user.uid,
          .gid = user.gid,
          .times = times,
          .time = kernel.clock().realtime(),
          .empty = {}};
}

// Adds `line` to a file that is there.
void AppendLine(Kernel& kernel, const std::string& path,
                const std::string& line) {
  if (line.empty()) return;
  const Result<Resolved> found =
      ResolveAsKernel(kernel.mounts().root(), path, {});
  if (!found.ok() || !found->path.inode().IsRegular()) return;
  Inode& inode = found->path.inode();
  IovIter bytes{absl::Span<const char>(line)};
  // A guest without its name in the file goes by its number.
  (void)inode.WriteAt(bytes, inode.Size());
}

// The directory `path` belongs to the user; made, with those on the way to it,
// if it is missing.
Result<> MakeHome(Kernel& kernel, const std::string& path,
                  const GuestUser& user) {
  const Path root = kernel.mounts().root();
  Path at = root;
  std::string walked;
  for (absl::string_view name : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    absl::StrAppend(&walked, "/", name);
    const Result<Resolved> next = ResolveAsKernel(root, walked, {});
    if (next.ok()) {
      at = next->path;
      continue;
    }
    if (next.error() != Errno(ENOENT)) return next.error();
    const NewNode node = {.mode = S_IFDIR | 0755,
                          .uid = user.uid,
                          .gid = user.gid,
                          .rdev = 0,
                          .link_target = "",
                          .now = kernel.clock().realtime()};
    TRY(at.inode().Create(std::string(name), node));
    at = TRY(ResolveAsKernel(root, walked, {})).path;
  }
  return {};
}

absl::Status MountBind(Kernel& kernel, const GuestSetup& setup,
                       const BindOption& option, HostTree& tree) {
  const GuestUser& user = setup.user;
  if (option.writable) {
    kernel.ReportImpurity(absl::StrCat(
        option.host, " is shared with the host, which may change it (-v)"));
  }
  const std::string name =
      absl::StrCat("-v ", option.host, ":", option.guest);
  auto fs = option.writable
                ? NewBindFs(kernel, tree, BindPolicy{false, user.uid, user.gid})
                : NewImportFs(kernel, tree,
                              PolicyFor(user, setup.bind_times, kernel));
  const Result<MountRef> mounted =
      kernel.mounts().MountAt(option.guest, std::move(fs), {}, option.host);
  if (mounted.ok()) return absl::OkStatus();
  return GuestError(name, mounted.error());
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<HostTree>>> OpenBinds(
    const std::vector<BindOption>& binds,
    std::shared_ptr<const Ownership> ownership, OpenFiles& files) {
  std::vector<std::unique_ptr<HostTree>> trees;
  for (const BindOption& bind : binds) {
    auto tree = OpenHostTree(bind.host, bind.writable, ownership, files);
    if (!tree.ok()) {
      return absl::Status(
          tree.status().code(),
          absl::StrCat("-v ", bind.host, ":", bind.guest,
                       ": the host's side: ", tree.status().message()));
    }
    trees.push_back(*std::move(tree));
  }
  return trees;
}

absl::Status MountGuestTree(Kernel& kernel, const GuestSetup& setup,
                            const GuestTrees& trees) {
  MountTree& mounts = kernel.mounts();
  const GuestUser& user = setup.user;
  ImportPolicy policy = PolicyFor(user, setup.root_times, kernel);
  policy.empty = {"proc", "sys", "dev"};
  // The host's has sockets and locks of programs that are not there.
  if (setup.is_host_root) policy.empty.push_back("run");
  const Result<MountRef> root = mounts.MountAt(
      "/", NewImportFs(kernel, *trees.root, policy), {}, "/dev/root");
  if (!root.ok()) return GuestError("mounting the root", root.error());
  const Result<> standard = MountStandard(kernel, !setup.is_host_root);
  if (!standard.ok()) {
    return GuestError("mounting /proc, /sys and /dev", standard.error());
  }
  for (const std::string& path : setup.tmpfs) {
    const Result<MountRef> mounted = mounts.MountAt(
        path, NewTmpfs(kernel, {.mode = 01777}),
        {.nosuid = true, .nodev = true}, "tmpfs");
    if (!mounted.ok()) {
      return GuestError(absl::StrCat("--tmpfs ", path), mounted.error());
    }
  }
  for (size_t i = 0; i < setup.binds.size(); ++i) {
    absl::Status status =
        MountBind(kernel, setup, setup.binds[i], *trees.binds[i]);
    if (!status.ok()) return status;
  }
  AppendLine(kernel, "/etc/passwd", user.passwd_line);
  AppendLine(kernel, "/etc/group", user.group_line);
  // A home that cannot be made is a home that is not there.
  (void)MakeHome(kernel, user.home, user).ok();
  return absl::OkStatus();
}

}  // namespace emu
