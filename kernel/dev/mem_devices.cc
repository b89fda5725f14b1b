// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/mem_devices.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/random.h>
#include <stdint.h>

#include <algorithm>

#include "kernel/fs/device.h"
#include "kernel/fs/file_description.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What random(4) tells of its pool.
constexpr int kEntropyBits = 256;

// lseek(2) succeeds on these, and means nothing.
class MemFile : public FileDescription {
 public:
  using FileDescription::FileDescription;
  bool seekable() const override { return true; }
  Result<uint64_t> Seek(Task&, int64_t, int) override { return uint64_t{0}; }

  Result<size_t> Read(Task&, IovIter&, uint64_t) override { return size_t{0}; }
  Result<size_t> Write(Task&, IovIter& from, uint64_t) override {
    const uint64_t n = from.remaining();
    from.Skip(n);
    return static_cast<size_t>(n);
  }
};

class ZeroFile : public MemFile {
 public:
  using MemFile::MemFile;
  Result<size_t> Read(Task&, IovIter& to, uint64_t) override {
    return to.PutZeroes(to.remaining());
  }
  // No object: anonymous memory.
  Result<std::shared_ptr<MemoryObject>> Map(Task&, int, bool) override {
    return std::shared_ptr<MemoryObject>();
  }
};

class FullFile : public MemFile {
 public:
  using MemFile::MemFile;
  Result<size_t> Read(Task&, IovIter& to, uint64_t) override {
    return to.PutZeroes(to.remaining());
  }
  Result<size_t> Write(Task&, IovIter&, uint64_t) override {
    return Errno(ENOSPC);
  }
};

class RandomFile : public MemFile {
 public:
  using MemFile::MemFile;
  Result<size_t> Read(Task& task, IovIter& to, uint64_t) override {
    char bytes[4096];
    size_t done = 0;
    while (to.remaining() > 0) {
      const size_t size = std::min<uint64_t>(to.remaining(), sizeof(bytes));
      task.kernel().env().FillRandom(absl::MakeSpan(bytes, size));
      const Result<size_t> put = to.Put(bytes, size);
      if (!put.ok()) return done > 0 ? Result<size_t>(done) : put;
      done += *put;
      if (*put < size) break;
    }
    return done;
  }
  // Entropy from guests is taken and changes nothing.
  Result<size_t> Write(Task&, IovIter& from, uint64_t) override {
    char bytes[4096];
    const size_t total = from.remaining();
    while (from.remaining() > 0) {
      TRY(from.Get(bytes, std::min<uint64_t>(from.remaining(), sizeof(bytes))));
    }
    return total;
  }
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override {
    switch (request) {
      case static_cast<uint32_t>(RNDGETENTCNT):
        TRY(task.Write(UserPtr<int32_t>(arg), kEntropyBits));
        return 0;
      case static_cast<uint32_t>(RNDADDTOENTCNT):
      case static_cast<uint32_t>(RNDADDENTROPY):
      case static_cast<uint32_t>(RNDZAPENTCNT):
      case static_cast<uint32_t>(RNDCLEARPOOL):
      case static_cast<uint32_t>(RNDRESEEDCRNG):
        if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EPERM);
        return 0;
      default:
        return Errno(EINVAL);
    }
  }
};

template <typename File>
Result<FileRef> OpenAs(Task&, const Path& path, int flags, uint32_t) {
  return FileRef(std::make_shared<File>(path, flags));
}

// The kernel has no log, and lets none be written.
Result<FileRef> RefuseLog(Task&, const Path&, int, uint32_t) {
  return Errno(EPERM);
}

}  // namespace

void RegisterMemDevices(Kernel& kernel) {
  DeviceRegistry& devices = kernel.subsystems().devices;
  devices.Register(kMemMajor, kNullMinor, OpenAs<MemFile>);
  devices.Register(kMemMajor, kZeroMinor, OpenAs<ZeroFile>);
  devices.Register(kMemMajor, kFullMinor, OpenAs<FullFile>);
  devices.Register(kMemMajor, kRandomMinor, OpenAs<RandomFile>);
  devices.Register(kMemMajor, kUrandomMinor, OpenAs<RandomFile>);
  devices.Register(kMemMajor, kKmsgMinor, RefuseLog);
}

}  // namespace emu
