// SPDX-License-Identifier: Apache-2.0
//
// Inodes and file systems. An Inode is a file of any type, whatever its names;
// it belongs to a FileSystem, and directory entries and open file descriptions
// share it. The methods are the file system's: they check what only it can
// check. Permissions, mounts, names' syntax and locks are the path layer's
// (path.h, file_ops.h), done before an inode is asked.

#ifndef KERNEL_FS_INODE_H_
#define KERNEL_FS_INODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "arch/env.h"
#include "arch/result.h"
#include "kernel/credentials.h"
#include "kernel/iov_iter.h"

namespace emu {

class Dentry;
class FileDescription;
class FileLocks;
class FileSystem;
class Inode;
class InotifyWatches;
class MemoryObject;
class Task;
struct Path;

using InodeRef = std::shared_ptr<Inode>;
using FileRef = std::shared_ptr<FileDescription>;

// What stat(2) tells. Times are CLOCK_REALTIME.
struct Attributes {
  uint32_t mode = 0;  // S_IFMT and permissions
  Uid uid = 0;
  Gid gid = 0;
  uint32_t nlink = 1;
  uint64_t rdev = 0;
  Nanos atime = 0;
  Nanos mtime = 0;
  Nanos ctime = 0;
  Nanos btime = 0;
};

// What a new node in a directory is to be; the umask is applied already.
struct NewNode {
  uint32_t mode = 0;  // S_IFMT and permissions
  Uid uid = 0;
  Gid gid = 0;
  uint64_t rdev = 0;          // S_IFCHR, S_IFBLK
  std::string link_target{};  // S_IFLNK
  Nanos now = 0;              // for its times and its parent's
};

struct DirEntry {
  absl::string_view name;
  uint64_t ino = 0;
  uint32_t mode = 0;  // its S_IFMT bits
  // Where a listing that stops behind this entry goes on: stable while entries
  // come and go.
  uint64_t next = 0;
};

class Inode : public std::enable_shared_from_this<Inode> {
 public:
  Inode(FileSystem& fs, uint64_t ino, const Attributes& attributes);
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  virtual ~Inode();

  FileSystem& fs() const { return fs_; }
  uint64_t ino() const { return ino_; }

  // Read through here always: an imported node learns its own on first use.
  Attributes& attr() {
    if (!loaded_) Load();
    return attributes_;
  }
  // The S_IFMT bits alone: known without a Load.
  uint32_t type() const { return attributes_.mode & 0170000; }
  bool IsDirectory() const { return type() == 0040000; }
  bool IsRegular() const { return type() == 0100000; }
  bool IsSymlink() const { return type() == 0120000; }

  // st_nlink; by default attr().nlink.
  virtual uint32_t LinkCount() { return attr().nlink; }
  virtual uint64_t Size() { return 0; }
  virtual uint64_t Blocks() { return (Size() + 511) / 512; }  // of 512 bytes

  // Directories. Names are single components, checked for length. Creating
  // calls: EEXIST is the path layer's; ENOSPC, EROFS, EPERM, EDQUOT are here.
  virtual Result<InodeRef> Lookup(absl::string_view name);  // ENOENT
  virtual Result<InodeRef> Create(const std::string& name, const NewNode& node);
  // A file that no name leads to (O_TMPFILE): EOPNOTSUPP.
  virtual Result<InodeRef> CreateUnnamed(const NewNode& node);
  virtual Result<> Link(const std::string& name, Inode& inode, Nanos now);
  virtual Result<> Unlink(const std::string& name, Inode& inode, Nanos now);
  // Empty directories only: ENOTEMPTY.
  virtual Result<> RemoveDirectory(const std::string& name, Inode& inode,
                                   Nanos now);
  // Within this file system. `replaced` is what `to_name` names now, or null;
  // with `exchange` the two change places.
  virtual Result<> Rename(const std::string& name, Inode& inode, Inode& to,
                          const std::string& to_name, Inode* replaced,
                          bool exchange, Nanos now);
  // Entries behind position `from` (0: the first) until `sink` says false; `.`
  // and `..` are the caller's.
  virtual Result<> List(Task* task, uint64_t from,
                        absl::FunctionRef<bool(const DirEntry&)> sink);

  // Symbolic links. A magic link (/proc/self/fd/0) leads to a place and not
  // through a name: FollowMagic then says where.
  virtual Result<std::string> ReadLink(Task* task);
  virtual Result<std::optional<Path>> FollowMagic(Task& task);

  // A description for open(2); `path` is how it was found. Access was checked,
  // O_TRUNC not yet done. May block (FIFOs).
  virtual Result<FileRef> Open(Task& task, const Path& path, int flags) = 0;

  // Contents of regular files, used by descriptions and by the kernel itself.
  // Bytes past the end: 0. Holes read as zeroes.
  virtual Result<size_t> ReadAt(IovIter& to, uint64_t offset);
  virtual Result<size_t> WriteAt(IovIter& from, uint64_t offset);
  virtual Result<> SetSize(uint64_t size);
  // fallocate(2), with its modes.
  virtual Result<> Allocate(int mode, uint64_t offset, uint64_t length);
  // lseek(2)'s SEEK_DATA and SEEK_HOLE: ENXIO behind the end.
  virtual Result<uint64_t> SeekData(uint64_t offset, bool hole);
  virtual Result<> Sync();
  // What mmap maps; null for a file that cannot be mapped (ENODEV).
  virtual MemoryObject* memory_object() { return nullptr; }

  // The file system writes new attributes through (a writable bind) or keeps
  // them: the default. Checks are done; the type and nlink stay what they are.
  virtual Result<> SetAttributes(const Attributes& attributes);
  // A name of it was made or removed: nlink and ctime change.
  void ChangeLinks(int by, Nanos now);

  // Extended attributes, by full name; null map: none and none can be set
  // (EOPNOTSUPP).
  virtual std::map<std::string, std::string>* xattrs() { return nullptr; }

  // fcntl(2)'s F_SEAL_* bits; null for files that cannot be sealed.
  virtual uint32_t* seals() { return nullptr; }

  // File locks and inotify watches, made at first use.
  FileLocks& locks();
  FileLocks* existing_locks() { return locks_.get(); }
  InotifyWatches& watches();
  InotifyWatches* existing_watches() { return watches_.get(); }

  // What those who open a FIFO meet in (a Pipe), or the socket bound here (a
  // UnixSocket), for as long as it lives.
  std::weak_ptr<void> meeting;

  // A file without a name may be given one all the same (O_TMPFILE).
  bool linkable() const { return linkable_; }
  void set_linkable(bool linkable) { linkable_ = linkable; }

  // Writers (> 0) and executing mappings (< 0) of the content: ETXTBSY.
  int write_count = 0;
  // Those who have a regular file open to read alone.
  int read_count = 0;

 protected:
  virtual void Load() { loaded_ = true; }
  void set_attributes(const Attributes& a) { attributes_ = a; }
  void set_loaded(bool loaded) { loaded_ = loaded; }

 private:
  FileSystem& fs_;
  const uint64_t ino_;
  Attributes attributes_;
  bool loaded_ = true;
  bool linkable_ = false;
  std::unique_ptr<FileLocks> locks_;
  std::unique_ptr<InotifyWatches> watches_;
};

// What statfs(2) tells.
struct FileSystemStats {
  uint64_t type = 0;  // *_SUPER_MAGIC
  uint64_t block_size = 4096;
  uint64_t blocks = 0, blocks_free = 0;
  uint64_t inodes = 0, inodes_free = 0;
};

// Owned by the kernel for as long as it runs, so that inodes may refer to it.
class FileSystem {
 public:
  // `type` as /proc/mounts names it; `device` is st_dev.
  FileSystem(std::string type, uint64_t device)
      : type_(std::move(type)), device_(device) {}
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem();

  const std::string& type() const { return type_; }
  uint64_t device() const { return device_; }
  virtual InodeRef root() = 0;
  virtual FileSystemStats Stats() = 0;
  // Whether a name once looked up may be remembered: false where names come and
  // go by themselves (procfs).
  virtual bool CachesNames() const { return true; }
  // No name can be made in it, and none that is not there is even looked for:
  // ENOENT.
  virtual bool HasFixedNames() const { return false; }
  // Nothing can be changed, by anyone.
  virtual bool read_only() const { return false; }
  // What /proc/mounts shows behind the mount's own options: ",size=4k".
  virtual std::string MountOptions() const { return ""; }
  uint64_t NextIno() { return next_ino_++; }

  // The name that all its names hang from.
  const std::shared_ptr<Dentry>& root_dentry();
  // Forgets all names seen, for the kernel's end.
  void DropNames();

 private:
  std::string type_;
  uint64_t device_;
  uint64_t next_ino_ = 1;
  std::shared_ptr<Dentry> root_dentry_;
};

}  // namespace emu

#endif  // KERNEL_FS_INODE_H_
