// SPDX-License-Identifier: Apache-2.0
//
// The namespaces, as /proc/PID/ns and pidfds show them: there is one of each
// kind, and everybody is in it.

#ifndef KERNEL_PROCFS_NAMESPACES_H_
#define KERNEL_PROCFS_NAMESPACES_H_

#include <string>

#include "arch/result.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/path.h"

namespace emu {

class Kernel;
class Task;

// In order of the links' names, which is that of PIDFD_GET_*_NAMESPACE as well.
inline constexpr int kNamespaceKinds = 10;

// The link's name in /proc/PID/ns.
const char* NamespaceLinkName(int kind);
// "net:[4026531840]".
std::string NamespaceName(int kind);
Path NamespacePath(Kernel& kernel, int kind);
Result<FileRef> OpenNamespace(Task& task, int kind);

}  // namespace emu

#endif  // KERNEL_PROCFS_NAMESPACES_H_
