// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/mounts, mountinfo and mountstats.

#include <sys/sysmacros.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/procfs/task_files.h"
#include "kernel/task.h"

namespace emu {
namespace {

std::string Escape(absl::string_view name) {
  return absl::StrReplaceAll(name, {{" ", "\\040"},
                                    {"\t", "\\011"},
                                    {"\n", "\\012"},
                                    {"\\", "\\134"}});
}

std::string MountOptions(const Mount& mount) {
  const MountFlags& flags = mount.flags;
  std::string text = flags.read_only ? "ro" : "rw";
  const auto add = [&](bool on, const char* name) {
    if (on) absl::StrAppend(&text, ",", name);
  };
  add(flags.nosuid, "nosuid");
  add(flags.nodev, "nodev");
  add(flags.noexec, "noexec");
  add(flags.noatime, "noatime");
  add(flags.nodiratime, "nodiratime");
  add(flags.relatime && !flags.noatime, "relatime");
  return text;
}

std::string FileSystemOptions(const Mount& mount) {
  return absl::StrCat(mount.fs().read_only() ? "ro" : "rw",
                      mount.fs().MountOptions());
}

// Calls show(mount, its place as `target` sees it) for those below its root.
template <typename Show>
void ForEachMount(Task& target, Show show) {
  if (target.fs == nullptr) return;
  for (Mount* mount : target.kernel().mounts().mounts()) {
    const Path at = {mount->shared_from_this(), mount->root()};
    const std::string name = PathName(at, target.fs->root);
    if (absl::StartsWith(name, "/")) show(*mount, Escape(name));
  }
}

// What part of the file system the mount shows.
std::string RootWithin(const Mount& mount) {
  std::string name;
  for (const Dentry* d = mount.root().get(); d->parent() != nullptr;
       d = d->parent().get()) {
    name = absl::StrCat("/", d->name(), name);
  }
  return name.empty() ? "/" : Escape(name);
}

}  // namespace

Result<std::string> TaskMounts(Task&, Task& target) {
  std::string text;
  ForEachMount(target, [&](const Mount& mount, const std::string& at) {
    std::string options = MountOptions(mount);
    absl::StrAppend(&text, Escape(mount.source()), " ", at, " ",
                    mount.fs().type(), " ", options,
                    mount.fs().MountOptions(), " 0 0\n");
  });
  return text;
}

Result<std::string> TaskMountinfo(Task&, Task& target) {
  std::string text;
  ForEachMount(target, [&](const Mount& mount, const std::string& at) {
    const uint64_t device = mount.fs().device();
    const int parent =
        mount.parent() == nullptr ? mount.id() : mount.parent()->id();
    absl::StrAppendFormat(
        &text, "%d %d %d:%d %s %s %s - %s %s %s\n", mount.id(), parent,
        gnu_dev_major(device), gnu_dev_minor(device), RootWithin(mount), at,
        MountOptions(mount), mount.fs().type(), Escape(mount.source()),
        FileSystemOptions(mount));
  });
  return text;
}

Result<std::string> TaskMountstats(Task&, Task& target) {
  std::string text;
  ForEachMount(target, [&](const Mount& mount, const std::string& at) {
    const std::string source = Escape(mount.source());
    absl::StrAppend(&text, source.empty() ? "no device" : "device ", source,
                    " mounted on ", at, " with fstype ", mount.fs().type(),
                    "\n");
  });
  return text;
}

}  // namespace emu
