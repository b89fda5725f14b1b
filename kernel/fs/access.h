// SPDX-License-Identifier: Apache-2.0
//
// Who may do what with an inode, and what doing it changes: permissions, sticky
// directories, set-id bits, access times.

#ifndef KERNEL_FS_ACCESS_H_
#define KERNEL_FS_ACCESS_H_

#include <cstdint>

#include "arch/result.h"
#include "kernel/credentials.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"

namespace emu {

class Mount;
class Task;

// As access(2) has them.
inline constexpr int kMayExec = 1;
inline constexpr int kMayWrite = 2;
inline constexpr int kMayRead = 4;

// By owner, group, others and capabilities. EACCES.
Result<> CheckAccess(const Credentials& creds, Inode& inode, int mask);
// The same, and EROFS or EACCES by the mount.
Result<> CheckPathAccess(const Credentials& creds, const Path& path, int mask);
// EROFS on a read-only mount or file system.
Result<> CheckWritableMount(const Path& path);

// Whether `creds` owns the inode, or may act as if (CAP_FOWNER).
bool OwnsOrCapable(const Credentials& creds, Inode& inode);
// Whether an entry of `directory` that is `inode` may be removed or renamed.
// EACCES, EPERM (sticky directories).
Result<> CheckRemoval(const Credentials& creds, Inode& directory, Inode& inode);

// The time has come that a read would note, by the mount's rules (relatime).
void TouchAccessTime(Task& task, const Mount& mount, Inode& inode);
// The content was changed: times, and set-id bits that do not survive it.
Result<> NoteModified(Task& task, Inode& inode);

}  // namespace emu

#endif  // KERNEL_FS_ACCESS_H_
