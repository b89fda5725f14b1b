// SPDX-License-Identifier: Apache-2.0
#include "arch/host/mapping_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "arch/base/check.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

using isa::StubCall;

// A batch never asks for more descriptors than are held.
constexpr size_t kBatch = HostFiles::kHeldDescriptors;
static_assert(kBatch <= isa::StubPage::kMaxCalls);

void CheckRange(GuestAddr start, uint64_t length) {
  EMU_CHECK(start >= isa::kLowestAddress && start % isa::kStubPageSize == 0);
  EMU_CHECK(length > 0 && length % isa::kStubPageSize == 0);
  EMU_CHECK(start < isa::kStubAddress && length <= isa::kStubAddress - start);
}

StubCall MapCall(GuestAddr start, uint64_t length, int prot, int flags, int fd,
                 uint64_t offset) {
  return {SYS_mmap,
          {start, length, static_cast<uint64_t>(prot),
           static_cast<uint64_t>(flags), static_cast<uint64_t>(fd), offset},
          0};
}

StubCall AnonymousCall(GuestAddr start, uint64_t length, int prot) {
  // Reservations are for emu to count, not for the host.
  return MapCall(start, length, prot,
                 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                 0);
}

std::string Describe(const StubCall& call) {
  const char* name = call.number == SYS_mmap       ? "mmap"
                     : call.number == SYS_munmap   ? "munmap"
                     : call.number == SYS_mprotect ? "mprotect"
                     : call.number == SYS_mremap   ? "mremap"
                                                   : "madvise";
  return absl::StrCat("in a guest: ", name, "(0x", absl::Hex(call.args[0]),
                      ", ", call.args[1], ", 0x", absl::Hex(call.args[2]),
                      ", 0x", absl::Hex(call.args[3]), ")");
}

// The starts and ends of the host's mappings of `process` inside of
// [start, end), in order, with both ends.
std::vector<GuestAddr> HostBoundaries(HostProcess& process, GuestAddr start,
                                      GuestAddr end) {
  std::vector<GuestAddr> result = {start};
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/maps",
                process.leader().tid().value);
  FILE* maps = std::fopen(path, "re");
  char line[512];
  unsigned long from, to;
  while (maps != nullptr && std::fgets(line, sizeof(line), maps) != nullptr) {
    if (std::sscanf(line, "%lx-%lx ", &from, &to) != 2) continue;
    for (GuestAddr at : {from, to}) {
      if (at > result.back() && at < end) result.push_back(at);
    }
  }
  if (maps != nullptr) std::fclose(maps);
  result.push_back(end);
  return result;
}

// Makes one call alone.
absl::Status Make(HostThread& thread, StubCall call) {
  if (thread.Call(absl::MakeSpan(&call, 1)) == 1) return absl::OkStatus();
  return MappingQueue::ErrorOf(call);
}

// The host refuses to execute what lies on a file system that is mounted
// noexec: puts a private copy in its place.
absl::Status MakeExecutableCopy(HostProcess& process, HostThread& thread,
                                const GuestMemory& memory, GuestAddr start,
                                uint64_t length, int prot) {
  constexpr uint64_t kPiece = 1 << 20;
  absl::Status status =
      Make(thread, {SYS_mprotect, {start, length, PROT_READ}, 0});
  if (!status.ok()) return status;
  std::string bytes;
  for (uint64_t done = 0; done < length; done += kPiece) {
    const uint64_t part = std::min(kPiece, length - done);
    bytes.resize(part);
    bytes.resize(memory.CopyIn(process, &bytes[0], start + done, part));
    status =
        Make(thread, AnonymousCall(start + done, part, PROT_READ | PROT_WRITE));
    if (!status.ok()) return status;
    if (memory.CopyOut(process, start + done, bytes.data(), bytes.size()) !=
        bytes.size()) {
      return absl::InternalError("copying a file's pages for execution");
    }
  }
  return Make(thread,
              {SYS_mprotect, {start, length, static_cast<uint64_t>(prot)}, 0});
}

}  // namespace

void MappingQueue::Map(const Mapping& mapping) {
  CheckRange(mapping.start, mapping.length);
  const int sharing = mapping.shared ? MAP_SHARED : MAP_PRIVATE;
  Change change;
  switch (mapping.backing.kind) {
    case Backing::Kind::kAnonymous:
      change.call = AnonymousCall(mapping.start, mapping.length, mapping.prot);
      break;
    case Backing::Kind::kPages:
      EMU_CHECK(sources_.pages != nullptr);
      change.call = MapCall(mapping.start, mapping.length, mapping.prot,
                            MAP_FIXED | MAP_NORESERVE | sharing,
                            sources_.pages->fd(), mapping.backing.offset);
      break;
    case Backing::Kind::kHostFile:
      EMU_CHECK(sources_.files != nullptr && mapping.backing.file.value >= 0);
      change.call = MapCall(mapping.start, mapping.length, mapping.prot,
                            MAP_FIXED | MAP_NORESERVE | sharing, -1,
                            mapping.backing.offset);
      change.file = mapping.backing.file;
      change.offset = mapping.backing.offset;
      break;
  }
  Add(change);
}

void MappingQueue::Unmap(GuestAddr start, uint64_t length) {
  CheckRange(start, length);
  Add({{SYS_munmap, {start, length}, 0}, {}});
}

void MappingQueue::Protect(GuestAddr start, uint64_t length, int prot) {
  CheckRange(start, length);
  Add({{SYS_mprotect, {start, length, static_cast<uint64_t>(prot)}, 0}, {}});
}

void MappingQueue::Move(GuestAddr from, GuestAddr to, uint64_t length) {
  CheckRange(from, length);
  CheckRange(to, length);
  Add({{SYS_mremap,
        {from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to},
        0},
       {}});
}

void MappingQueue::Discard(GuestAddr start, uint64_t length) {
  CheckRange(start, length);
  Add({{SYS_madvise, {start, length, MADV_DONTNEED}, 0}, {}});
}

bool MappingQueue::WasMade(const StubCall& call) {
  switch (call.number) {
    case SYS_mmap:
      return call.result == call.args[0];
    case SYS_mremap:
      return call.result == call.args[4];
    default:
      return call.result == 0;
  }
}

absl::Status MappingQueue::ErrorOf(const StubCall& call) {
  const int error = static_cast<int>(-call.result);
  return HostError(error > 0 && error < 4096 ? error : EIO, Describe(call));
}

bool MappingQueue::MayNeedMore(const Change& change) const {
  switch (change.call.number) {
    case SYS_mmap:
      return change.noexec;
    case SYS_mprotect:
      return maps_noexec_files_;
    case SYS_mremap:
      return true;
    default:
      return false;
  }
}

bool MappingQueue::TakeAll(std::vector<StubCall>* calls) {
  if (changes_.size() > kBatch) return false;
  calls->clear();
  for (Change& change : changes_) {
    if (!NameFile(change).ok() || MayNeedMore(change)) {
      calls->clear();
      return false;
    }
    calls->push_back(change.call);
  }
  changes_.clear();
  return true;
}

absl::Status MappingQueue::NameFile(Change& change) {
  if (change.file.value < 0) return absl::OkStatus();
  absl::StatusOr<int> fd = sources_.files->Descriptor(change.file);
  if (!fd.ok()) return fd.status();
  change.call.args[4] = static_cast<uint64_t>(*fd);
  change.call.args[5] = change.offset + sources_.files->Start(change.file);
  struct statvfs info;
  change.noexec = fstatvfs(*fd, &info) == 0 && (info.f_flag & ST_NOEXEC) != 0;
  maps_noexec_files_ = maps_noexec_files_ || change.noexec;
  return absl::OkStatus();
}

absl::Status MappingQueue::Flush(HostProcess& process, HostThread& thread,
                                 const GuestMemory& memory) {
  std::vector<Change> changes = std::exchange(changes_, {});
  StubCall batch[kBatch];
  for (size_t done = 0; done < changes.size();) {
    const size_t n = std::min(kBatch, changes.size() - done);
    for (size_t i = 0; i < n; ++i) {
      absl::Status named = NameFile(changes[done + i]);
      if (!named.ok()) return named;
      batch[i] = changes[done + i].call;
    }
    const size_t made = thread.Call(absl::MakeSpan(batch, n));
    for (size_t i = 0; i < made; ++i) {
      if (!WasMade(batch[i])) return ErrorOf(batch[i]);
    }
    done += made;
    if (made == n) continue;
    if (thread.gone()) return absl::UnavailableError("the guest is gone");
    absl::Status recovered = Recover(process, thread, memory, batch[made]);
    if (!recovered.ok()) return recovered;
    ++done;
  }
  // The capacity serves the next time.
  changes.clear();
  changes_ = std::move(changes);
  return absl::OkStatus();
}

absl::Status MappingQueue::Recover(HostProcess& process, HostThread& thread,
                                   const GuestMemory& memory,
                                   const StubCall& failed) {
  const int error = static_cast<int>(-failed.result);
  const GuestAddr start = failed.args[0];
  const uint64_t length = failed.args[1];
  const int prot = static_cast<int>(failed.args[2]);
  if (failed.number == SYS_mmap && error == EPERM && (prot & PROT_EXEC) != 0) {
    StubCall readable = failed;
    readable.args[2] = PROT_READ;
    absl::Status mapped = Make(thread, readable);
    if (!mapped.ok()) return mapped;
    return MakeExecutableCopy(process, thread, memory, start, length, prot);
  }
  // Below, the host's list of mappings may have borders that emu's has not.
  const std::vector<GuestAddr> borders =
      HostBoundaries(process, start, start + length);
  const bool split = borders.size() > 2;
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    const GuestAddr piece = borders[i];
    const uint64_t piece_length = borders[i + 1] - piece;
    StubCall call = failed;
    call.args[0] = piece;
    call.args[1] = piece_length;
    if (failed.number == SYS_mremap && error == EFAULT && split) {
      call.args[2] = piece_length;
      call.args[4] = failed.args[4] + (piece - start);
    } else if (failed.number != SYS_mprotect || error != EACCES) {
      return ErrorOf(failed);
    }
    if (thread.Call(absl::MakeSpan(&call, 1)) == 1) continue;
    if (call.number != SYS_mprotect ||
        call.result != static_cast<uint64_t>(-EACCES)) {
      return ErrorOf(call);
    }
    absl::Status copied =
        MakeExecutableCopy(process, thread, memory, piece, piece_length, prot);
    if (!copied.ok()) return copied;
  }
  return absl::OkStatus();
}

}  // namespace emu
