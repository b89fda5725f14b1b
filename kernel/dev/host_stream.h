// SPDX-License-Identifier: Apache-2.0
//
// A standard stream of emu's own that is no terminal, as guests see it: one end
// of a FIFO whose other end is outside. Whatever the host has there (a file, a
// socket), it cannot be sought in.

#ifndef KERNEL_DEV_HOST_STREAM_H_
#define KERNEL_DEV_HOST_STREAM_H_

#include <string>

#include "absl/types/span.h"
#include "arch/env.h"
#include "kernel/fs/file_description.h"

namespace emu {

class Kernel;

// The stream itself: shared by all descriptions that were opened through
// /proc/self/fd or /dev/stdin. Bytes taken from the host and not yet read by a
// guest are kept here.
class HostStreamInode : public Inode {
 public:
  HostStreamInode(FileSystem& fs, const Attributes& attributes, Kernel& kernel,
                  StdStream stream)
      : Inode(fs, fs.NextIno(), attributes), kernel_(kernel), stream_(stream) {}

  Result<FileRef> Open(Task& task, const Path& path, int flags) override;

  Kernel& kernel() const { return kernel_; }
  StdStream stream() const { return stream_; }

  // Waits on the host until there is input, its end, an error, or something
  // that `task` must see first: EAGAIN. (The wait that names the stream stops
  // the guests' whole world, so that the host's pace never shows. Where time is
  // the host's, nothing is waited for.)
  Result<> Fill(Task& task);
  size_t buffered() const { return input_.size() - taken_; }
  Result<size_t> Take(IovIter& to);

 private:
  Kernel& kernel_;
  const StdStream stream_;
  std::string input_;
  size_t taken_ = 0;
  bool at_end_ = false;
};

class HostStreamFile : public FileDescription {
 public:
  HostStreamFile(HostStreamInode& stream, const Path& path, int flags)
      : FileDescription(path, flags), stream_(stream) {}

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override;

 private:
  // EAGAIN when a signal is due before all is written.
  Result<> WriteAll(Task& task, absl::Span<const char> bytes, size_t* written);

  HostStreamInode& stream_;  // kept alive by path()
};

// A description of `stream` for the first program.
FileRef OpenHostStream(Kernel& kernel, const Credentials& creds,
                       StdStream stream);

}  // namespace emu

#endif  // KERNEL_DEV_HOST_STREAM_H_
