// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/locks.h"

namespace emu {

void FileLocks::ReleaseFile(const FileDescription&) {}
void FileLocks::ReleaseOwner(const void*) {}

}  // namespace emu
