// SPDX-License-Identifier: Apache-2.0
//
// Names. A Dentry is a name in a directory, a Mount a file system's place in
// the tree, a Path the two together: where a name led, as path_resolution(7)
// has it. Resolve() is the one walk that every call uses.

#ifndef KERNEL_FS_PATH_H_
#define KERNEL_FS_PATH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/name_hash.h"

namespace emu {

class Task;
class Mount;

// A name in a directory, and the tree of names seen so far. Children are owned
// by their parent's map; a dentry that is removed lives on while paths use it,
// marked deleted.
class Dentry : public std::enable_shared_from_this<Dentry> {
 public:
  Dentry(std::string name, std::shared_ptr<Dentry> parent, InodeRef inode)
      : name_(std::move(name)),
        parent_(std::move(parent)),
        inode_(std::move(inode)) {}
  Dentry(const Dentry&) = delete;
  Dentry& operator=(const Dentry&) = delete;
  ~Dentry();

  const std::string& name() const { return name_; }
  // Null for a file system's root.
  const std::shared_ptr<Dentry>& parent() const { return parent_; }
  Inode& inode() const { return *inode_; }
  const InodeRef& inode_ref() const { return inode_; }
  bool deleted() const { return deleted_; }
  bool IsMountPoint() const { return mounts_here_ > 0; }
  // Whether this is `other`, or lies below it.
  bool IsWithin(const Dentry& other) const;

  // The entry `name`, from those seen or from the directory's inode; valid
  // while this directory is not changed. ENOENT, and what the file system says.
  Result<Dentry*> Child(absl::string_view name);
  // The directory's inode has the entry now: `inode` under `name`.
  Dentry& Insert(absl::string_view name, InodeRef inode);
  // A deleted entry of this directory, for what O_TMPFILE makes.
  std::shared_ptr<Dentry> NewUnnamed(InodeRef inode);
  // The entry is gone.
  void Remove(absl::string_view name);
  // This entry is now `name` in `parent`; what was seen there is gone.
  void MoveTo(Dentry& parent, absl::string_view name);
  // The two entries change places.
  void Exchange(Dentry& other);
  // Forgets the tree below, for the end of its file system.
  void DropChildren();

 private:
  friend class Mount;
  friend class MountTree;
  std::string name_;
  std::shared_ptr<Dentry> parent_;
  InodeRef inode_;
  // By the child's own name. Never walked in an order that shows.
  std::unordered_map<absl::string_view, std::shared_ptr<Dentry>, NameHash>
      children_;
  bool deleted_ = false;
  int mounts_here_ = 0;
};

using DentryRef = std::shared_ptr<Dentry>;
using MountRef = std::shared_ptr<Mount>;

// Where a name led. Empty only where a comment says so.
struct Path {
  MountRef mount;
  DentryRef dentry;

  explicit operator bool() const { return dentry != nullptr; }
  Inode& inode() const { return dentry->inode(); }
  friend bool operator==(const Path&, const Path&) = default;
};

// A task's view of the tree: shared with CLONE_FS.
struct FsContext {
  Path root;
  Path cwd;
  uint32_t umask = 022;
};

// How to walk.
struct ResolveFlags {
  bool follow_last = true;    // a symbolic link in the last place
  bool want_parent = false;   // stop before the last name, which may not exist
  bool create = false;        // with want_parent: a link in the last place
                              // leads on, as for open(2)'s O_CREAT
  bool allow_empty = false;   // AT_EMPTY_PATH: "" is the start itself
  bool no_automagic = false;  // RESOLVE_NO_MAGICLINKS
  bool no_symlinks = false;   // RESOLVE_NO_SYMLINKS
  bool no_xdev = false;       // RESOLVE_NO_XDEV
  bool beneath = false;       // RESOLVE_BENEATH
  bool in_root = false;       // RESOLVE_IN_ROOT
};

struct Resolved {
  // Where it led; with want_parent, the directory that holds the last name,
  // and the entry itself if it is there.
  Path path{};
  // With want_parent: the last name (possibly "." or ".."; empty for "/"),
  // whether a slash followed it, and what it names now (empty when nothing).
  std::string last{};
  bool trailing_slash = false;
  Path target{};
};

// Walks `name` from `start` (the task's cwd when empty). want_parent does not
// follow a symbolic link in the last place, whatever follow_last says. Search
// permission is checked on the way. ENOENT, ENOTDIR, EACCES, ELOOP,
// ENAMETOOLONG, EXDEV.
Result<Resolved> Resolve(Task& task, const Path& start, absl::string_view name,
                         const ResolveFlags& flags);
// The same for the kernel itself, which may search everywhere, from `root`.
Result<Resolved> ResolveAsKernel(const Path& root, absl::string_view name,
                                 const ResolveFlags& flags);

// The name of `path` as seen from `root`: what getcwd(2) and /proc/self/fd say.
// " (deleted)" is appended for a deleted entry, "(unreachable)" prefixed
// outside of root.
std::string PathName(const Path& path, const Path& root);

}  // namespace emu

#endif  // KERNEL_FS_PATH_H_
