// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/console.h"

#include <fcntl.h>

#include "kernel/dev/host_stream.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {

Result<FileRef> OpenByName(Task& task, const char* name) {
  const Resolved found = TRY(Resolve(task, task.fs->root, name, {}));
  return found.path.inode().Open(task, found.path, O_RDWR);
}

Result<FileRef> OpenStream(Kernel& kernel, Task& task, StdStream stream) {
  if (kernel.env().Kind(stream) == Env::StreamKind::kNull) {
    return OpenByName(task, "/dev/null");
  }
  return OpenHostStream(kernel, *task.creds, stream);
}

}  // namespace

Result<> OpenStdStreams(Kernel& kernel, Task& first) {
  for (const StdStream stream :
       {StdStream::kIn, StdStream::kOut, StdStream::kErr}) {
    if (kernel.env().Kind(stream) == Env::StreamKind::kClosed) continue;
    FileRef file = TRY(OpenStream(kernel, first, stream));
    TRY(first.files->Put(Fd{static_cast<int>(stream)}, std::move(file),
                         /*cloexec=*/false, /*limit=*/3));
  }
  return {};
}

}  // namespace emu
