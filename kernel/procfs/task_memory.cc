// SPDX-License-Identifier: Apache-2.0
//
// What /proc/PID shows of a process's memory as text.

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "arch/page_store.h"
#include "kernel/fs/file_description.h"
#include "kernel/mm/memory_map.h"
#include "kernel/procfs/memory_usage.h"
#include "kernel/procfs/task_files.h"
#include "kernel/task.h"

namespace emu {
namespace {

// Where the names stand in maps.
constexpr size_t kNameColumn = 73;
// No process has more arguments and environment than this.
constexpr uint64_t kMostStrings = 8 << 20;

std::string NameOf(const Area& area, Task& reader) {
  if (area.file == nullptr || !area.name.empty()) return area.name;
  return absl::StrReplaceAll(area.file->Describe(reader.fs->root),
                             {{"\n", "\\012"}});
}

std::string MapsLine(const Area& area, Task& reader) {
  uint64_t device = 0, ino = 0, offset = 0;
  if (area.file != nullptr) {
    device = area.file->inode().fs().device();
    ino = area.file->inode().ino();
    offset = area.offset;
  }
  std::string line = absl::StrFormat(
      "%08x-%08x %c%c%c%c %08x %02x:%02x %d ", area.start, area.end,
      area.prot & PROT_READ ? 'r' : '-', area.prot & PROT_WRITE ? 'w' : '-',
      area.prot & PROT_EXEC ? 'x' : '-', area.shared ? 's' : 'p', offset,
      gnu_dev_major(device), gnu_dev_minor(device), ino);
  const std::string name = NameOf(area, reader);
  if (!name.empty()) {
    if (line.size() < kNameColumn) line.resize(kNameColumn, ' ');
    line += name;
  }
  line += '\n';
  return line;
}

std::string VmFlags(const Area& area) {
  std::string text;
  const auto flag = [&](bool on, const char* name) {
    if (on) absl::StrAppend(&text, name, " ");
  };
  flag(area.prot & PROT_READ, "rd");
  flag(area.prot & PROT_WRITE, "wr");
  flag(area.prot & PROT_EXEC, "ex");
  flag(area.shared, "sh");
  flag(true, "mr");
  flag(area.may_write, "mw");
  flag(area.may_exec, "me");
  flag(area.shared, "ms");
  flag(area.grows_down, "gd");
  flag(area.locked, "lo");
  flag(area.dont_fork, "dc");
  flag(area.no_reserve, "nr");
  flag(area.wipe_on_fork, "wf");
  flag(!area.shared && (area.prot & PROT_WRITE) != 0, "ac");
  return text;
}

// smaps' numbers for one area, or the sum of all.
struct Residence {
  uint64_t size = 0;
  uint64_t resident = 0;
  uint64_t clean = 0;
  uint64_t shared_dirty = 0;
  uint64_t private_dirty = 0;
  uint64_t anonymous = 0;
  uint64_t locked = 0;

  void Add(const Area& area) {
    const uint64_t in = ResidentIn(area);
    size += area.length();
    resident += in;
    const bool is_file = area.file != nullptr && !(area.prot & PROT_WRITE);
    (is_file ? clean : area.shared ? shared_dirty : private_dirty) += in;
    if (!is_file && !area.shared) anonymous += in;
    if (area.locked) locked += in;
  }

  void Print(std::string* text, bool rollup) const {
    const auto line = [&](const char* name, uint64_t bytes) {
      absl::StrAppendFormat(text, "%-16s%8d kB\n", absl::StrCat(name, ":"),
                            bytes / 1024);
    };
    if (!rollup) {
      line("Size", size);
      line("KernelPageSize", kPageSize);
      line("MMUPageSize", kPageSize);
    }
    line("Rss", resident);
    line("Pss", resident);
    line("Pss_Dirty", shared_dirty + private_dirty);
    if (rollup) {
      line("Pss_Anon", anonymous);
      line("Pss_File", clean);
      line("Pss_Shmem", shared_dirty);
    }
    line("Shared_Clean", 0);
    line("Shared_Dirty", shared_dirty);
    line("Private_Clean", clean);
    line("Private_Dirty", private_dirty);
    line("Referenced", resident);
    line("Anonymous", anonymous);
    line("KSM", 0);
    line("LazyFree", 0);
    line("AnonHugePages", 0);
    line("ShmemPmdMapped", 0);
    line("FilePmdMapped", 0);
    line("Shared_Hugetlb", 0);
    line("Private_Hugetlb", 0);
    line("Swap", 0);
    line("SwapPss", 0);
    line("Locked", locked);
  }
};

std::string CopyRange(Task& target, GuestAddr start, GuestAddr end) {
  if (target.mm == nullptr || end <= start) return "";
  std::string text(std::min(end - start, kMostStrings), 0);
  text.resize(target.mm->CopyInPartial(text.data(), start, text.size()));
  return text;
}

}  // namespace

Result<std::string> TaskMaps(Task& reader, Task& target) {
  std::string text;
  if (target.mm == nullptr) return text;
  for (const auto& [start, area] : target.mm->areas()) {
    text += MapsLine(area, reader);
  }
  return text;
}

Result<std::string> TaskSmaps(Task& reader, Task& target) {
  std::string text;
  if (target.mm == nullptr) return text;
  for (const auto& [start, area] : target.mm->areas()) {
    text += MapsLine(area, reader);
    Residence residence;
    residence.Add(area);
    residence.Print(&text, /*rollup=*/false);
    absl::StrAppend(&text, "THPeligible:           0\nVmFlags: ",
                    VmFlags(area), "\n");
  }
  return text;
}

Result<std::string> TaskSmapsRollup(Task&, Task& target) {
  if (target.mm == nullptr || target.mm->areas().empty()) {
    return Errno(ESRCH);
  }
  const auto& areas = target.mm->areas();
  Residence residence;
  for (const auto& [start, area] : areas) residence.Add(area);
  std::string text = absl::StrFormat("%08x-%08x ---p 00000000 00:00 0 ",
                                     areas.begin()->second.start,
                                     areas.rbegin()->second.end);
  text.resize(kNameColumn, ' ');
  text += "[rollup]\n";
  residence.Print(&text, /*rollup=*/true);
  return text;
}

Result<std::string> TaskNumaMaps(Task& reader, Task& target) {
  std::string text;
  if (target.mm == nullptr) return text;
  for (const auto& [start, area] : target.mm->areas()) {
    absl::StrAppendFormat(&text, "%08x default", area.start);
    if (area.file != nullptr) {
      absl::StrAppend(&text, " file=", NameOf(area, reader));
    } else if (area.name == "[heap]") {
      text += " heap";
    } else if (area.grows_down) {
      text += " stack";
    }
    const uint64_t pages = ResidentIn(area) / kPageSize;
    if (pages > 0) {
      absl::StrAppendFormat(
          &text, " %s=%d N0=%d kernelpagesize_kB=4",
          area.file != nullptr ? "mapped" : "anon", pages, pages);
    }
    text += '\n';
  }
  return text;
}

// A program may have written its own title over its arguments, on into the
// environment: then the NUL that ends them is gone, and the text goes on to the
// next.
Result<std::string> TaskCmdline(Task&, Task& target) {
  if (target.mm == nullptr) return std::string();
  const MemoryMap::Layout& layout = target.mm->layout;
  std::string args = CopyRange(target, layout.args_start, layout.args_end);
  if (args.empty() || args.back() == '\0') return args;
  if (layout.env_end > layout.args_end) {
    args += CopyRange(target, layout.args_end, layout.env_end);
  }
  return args.substr(0, args.find('\0'));
}

Result<std::string> TaskEnviron(Task&, Task& target) {
  if (target.mm == nullptr) return std::string();
  const MemoryMap::Layout& layout = target.mm->layout;
  return CopyRange(target, layout.env_start, layout.env_end);
}

Result<std::string> TaskAuxv(Task&, Task& target) {
  if (target.mm == nullptr) return std::string();
  return target.mm->layout.auxv;
}

}  // namespace emu
