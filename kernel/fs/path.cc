// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/path.h"

#include <limits.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/fs/access.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr int kMaxLinks = 40;

// One walk. Where it stands are plain pointers: names on the way are held by
// their parents, and what starts a stretch (the start, the root, a magic link's
// end) by a Path.
class Walk {
 public:
  Walk(Task* task, const Path& root, const Path& start,
       const ResolveFlags& flags)
      : task_(task), flags_(flags), root_(root), start_(start) {
    if (flags.in_root || flags.beneath) root_ = start;
  }

  Result<Resolved> Run(absl::string_view name) {
    if (name.empty()) {
      if (!flags_.allow_empty || flags_.want_parent) return Errno(ENOENT);
      return Resolved{.path = start_};
    }
    GoTo(start_);
    rest_ = name;
    TRY(SkipSlashes(/*at_front=*/true));
    while (true) {
      std::optional<Resolved> end = TRY(Step());
      if (end) return std::move(*end);
    }
  }

 private:
  void GoTo(const Path& path) {
    mount_ = path.mount.get();
    dentry_ = path.dentry.get();
  }
  Path Here() const {
    return {mount_->shared_from_this(), dentry_->shared_from_this()};
  }

  // Slashes at the front of a name lead to the root.
  Result<> SkipSlashes(bool at_front) {
    const size_t end = std::min(rest_.find_first_not_of('/'), rest_.size());
    if (at_front && end > 0) {
      if (flags_.beneath) return Errno(EXDEV);
      if (flags_.no_xdev && root_.mount.get() != mount_) return Errno(EXDEV);
      GoTo(root_);
    }
    rest_.remove_prefix(end);
    return {};
  }

  Result<> CheckSearch() {
    if (!dentry_->inode().IsDirectory()) return Errno(ENOTDIR);
    if (task_ == nullptr) return {};
    return CheckAccess(*task_->creds, dentry_->inode(), kMayExec);
  }

  // Deals with the next name; the walk's end if that was the last.
  Result<std::optional<Resolved>> Step() {
    if (rest_.empty()) return End(/*last=*/"", /*trailing_slash=*/false);
    TRY(CheckSearch());
    const absl::string_view name = rest_.substr(0, rest_.find('/'));
    if (name.size() > NAME_MAX) return Errno(ENAMETOOLONG);
    rest_.remove_prefix(name.size());
    const bool slash = !rest_.empty();
    TRY(SkipSlashes(/*at_front=*/false));
    const bool last = rest_.empty();
    if (last && flags_.want_parent) return LastOfParent(name, slash);
    if (name == ".") {
    } else if (name == "..") {
      TRY(Up());
    } else {
      TRY(Down(name, /*follow=*/!last || flags_.follow_last || slash ||
                         must_be_directory_));
    }
    if (last && slash) must_be_directory_ = true;
    if (!rest_.empty()) return std::optional<Resolved>();
    if (must_be_directory_ && !dentry_->inode().IsDirectory()) {
      return Errno(ENOTDIR);
    }
    return std::optional<Resolved>(Resolved{.path = Here()});
  }

  // The walk ends in front of `last`, as want_parent has it.
  Result<std::optional<Resolved>> End(absl::string_view last,
                                      bool trailing_slash) {
    Resolved result{.path = Here(),
                    .last = std::string(last),
                    .trailing_slash = trailing_slash};
    if (flags_.want_parent) result.target = result.path;
    return std::optional<Resolved>(std::move(result));
  }

  Result<std::optional<Resolved>> LastOfParent(absl::string_view name,
                                               bool slash) {
    if (name == "." || name == "..") {
      std::optional<Resolved> result = TRY(End(name, slash));
      if (name == "..") {
        TRY(Up());
        result->target = Here();
      }
      return result;
    }
    Result<Dentry*> child = dentry_->Child(name);
    if (!child.ok()) {
      if (child.error() != Errno(ENOENT)) return child.error();
      std::optional<Resolved> result = TRY(End(name, slash));
      result->target = {};
      return result;
    }
    if (flags_.create && flags_.follow_last && (*child)->inode().IsSymlink()) {
      const bool was_slash = slash || must_be_directory_;
      TRY(Follow((*child)->inode()));
      must_be_directory_ = was_slash;
      if (rest_.empty() && !moved_by_magic_) {
        // The link's target was "/" or nothing is left of it: a directory.
        return End("", true);
      }
      if (moved_by_magic_) {
        Resolved result{.path = Here(), .last = "", .target = Here()};
        return std::optional<Resolved>(std::move(result));
      }
      return std::optional<Resolved>();
    }
    std::optional<Resolved> result =
        TRY(End(name, slash || must_be_directory_));
    Mount* mount = mount_;
    Dentry* dentry = *child;
    CrossMounts(&mount, &dentry);
    if (flags_.no_xdev && mount != mount_) return Errno(EXDEV);
    result->target = {mount->shared_from_this(), dentry->shared_from_this()};
    return result;
  }

  Result<> Up() {
    while (true) {
      if (mount_ == root_.mount.get() && dentry_ == root_.dentry.get()) {
        return flags_.beneath ? Result<>(Errno(EXDEV)) : Result<>();
      }
      if (dentry_ != mount_->root().get() && dentry_->parent() != nullptr) {
        dentry_ = dentry_->parent().get();
        break;
      }
      if (mount_->parent() == nullptr) return {};
      if (flags_.no_xdev) return Errno(EXDEV);
      dentry_ = mount_->point().get();
      mount_ = mount_->parent();
    }
    return Cross();
  }

  // To what is mounted here.
  Result<> Cross() {
    if (!dentry_->IsMountPoint()) return {};
    Mount* before = mount_;
    CrossMounts(&mount_, &dentry_);
    if (flags_.no_xdev && mount_ != before) return Errno(EXDEV);
    return {};
  }

  Result<> Down(absl::string_view name, bool follow) {
    Dentry* child = TRY(dentry_->Child(name));
    if (follow && child->inode().IsSymlink()) return Follow(child->inode());
    dentry_ = child;
    return Cross();
  }

  // Goes on along `link`, from the directory that holds it.
  Result<> Follow(Inode& link) {
    if (flags_.no_symlinks || ++links_ > kMaxLinks) return Errno(ELOOP);
    moved_by_magic_ = false;
    if (task_ != nullptr) {
      std::optional<Path> magic = TRY(link.FollowMagic(*task_));
      if (magic) return FollowMagic(std::move(*magic));
    }
    std::string target = TRY(link.ReadLink(task_));
    if (task_ != nullptr) TouchAccessTime(*task_, *mount_, link);
    if (target.empty()) return Errno(ENOENT);
    if (!rest_.empty()) {
      target += '/';
      target.append(rest_.data(), rest_.size());
    }
    if (target.size() >= PATH_MAX + size_t{NAME_MAX}) {
      return Errno(ENAMETOOLONG);
    }
    text_ = std::move(target);
    rest_ = text_;
    return SkipSlashes(/*at_front=*/true);
  }

  Result<> FollowMagic(Path to) {
    if (flags_.no_automagic) return Errno(ELOOP);
    if (flags_.beneath || flags_.in_root) return Errno(EXDEV);
    if (flags_.no_xdev && to.mount.get() != mount_) return Errno(EXDEV);
    held_ = std::move(to);
    GoTo(held_);
    moved_by_magic_ = true;
    return {};
  }

  Task* const task_;
  const ResolveFlags flags_;
  Path root_;
  const Path start_;
  Path held_;
  Mount* mount_ = nullptr;
  Dentry* dentry_ = nullptr;
  absl::string_view rest_;
  std::string text_;  // what `rest_` lies in, once a link was followed
  int links_ = 0;
  bool must_be_directory_ = false;
  bool moved_by_magic_ = false;
};

}  // namespace

Result<Resolved> Resolve(Task& task, const Path& start, absl::string_view name,
                         const ResolveFlags& flags) {
  return Walk(&task, task.fs->root, start ? start : task.fs->cwd, flags)
      .Run(name);
}

Result<Resolved> ResolveAsKernel(const Path& root, absl::string_view name,
                                 const ResolveFlags& flags) {
  return Walk(nullptr, root, root, flags).Run(name);
}

std::string PathName(const Path& path, const Path& root) {
  std::vector<absl::string_view> names;
  const Mount* mount = path.mount.get();
  const Dentry* dentry = path.dentry.get();
  bool reached = false;
  size_t length = 0;
  while (true) {
    reached = mount == root.mount.get() && dentry == root.dentry.get();
    if (reached) break;
    if (dentry == mount->root().get() || dentry->parent() == nullptr) {
      if (mount->parent() == nullptr) break;
      dentry = mount->point().get();
      mount = mount->parent();
      continue;
    }
    names.push_back(dentry->name());
    length += dentry->name().size() + 1;
    dentry = dentry->parent().get();
  }
  std::string result;
  // What hangs in no tree says its name alone.
  if (!reached && !dentry->name().empty()) return dentry->name();
  result.reserve(length + 24);
  if (!reached) result = "(unreachable)";
  if (names.empty()) result += '/';
  for (size_t i = names.size(); i-- > 0;) {
    result += '/';
    result.append(names[i].data(), names[i].size());
  }
  if (path.dentry->deleted()) result += " (deleted)";
  return result;
}

}  // namespace emu
