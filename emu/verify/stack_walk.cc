// SPDX-License-Identifier: Apache-2.0

#include "emu/verify/stack_walk.h"

#include <elfutils/libdwfl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arch/host/host_child.h"
#include "arch/isa/dwarf_registers.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/inode.h"
#include "kernel/iov_iter.h"
#include "kernel/mm/memory_map.h"
#include "kernel/task.h"

namespace emu {
namespace {

// No library is larger.
constexpr uint64_t kLargestFile = uint64_t{1} << 30;

// A copy of the file's bytes, for a library that reads files of the host.
OwnedFd CopyOf(Inode& inode) {
  const uint64_t size = inode.Size();
  absl::StatusOr<OwnedFd> copy = OpenTemporaryFile();
  if (!copy.ok() || size > kLargestFile) return OwnedFd();
  std::array<char, 64 * 1024> bytes;
  for (uint64_t at = 0; at < size;) {
    IovIter to{absl::MakeSpan(bytes)};
    const Result<size_t> n = inode.ReadAt(to, at);
    if (!n.ok() || *n == 0) return OwnedFd();
    if (pwrite(copy->get(), bytes.data(), *n, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(*n)) {
      return OwnedFd();
    }
    at += *n;
  }
  return *std::move(copy);
}

// Debug information that is not in the file itself is not looked for: what lies
// about on the host may be of another version.
int FindNoDebugInfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*,
                    const char*, GElf_Word, char**) {
  return -1;
}

constexpr Dwfl_Callbacks kCallbacks = {
    .find_elf = nullptr,
    .find_debuginfo = FindNoDebugInfo,
    .section_address = nullptr,
    .debuginfo_path = nullptr,
};

pid_t NextThread(Dwfl*, void* task, void** thread_arg) {
  if (*thread_arg != nullptr) return 0;
  *thread_arg = task;
  return 1;
}

bool ReadMemory(Dwfl*, Dwarf_Addr addr, Dwarf_Word* result, void* task) {
  return static_cast<Task*>(task)->mm->CopyIn(result, addr, sizeof(*result))
      .ok();
}

bool SetRegisters(Dwfl_Thread* thread, void* task) {
  const isa::DwarfRegisters registers =
      isa::ToDwarf(static_cast<Task*>(task)->cpu().DumpRegisters());
  return dwfl_thread_state_registers(thread, 0, registers.size(),
                                     registers.data());
}

constexpr Dwfl_Thread_Callbacks kThreadCallbacks = {
    .next_thread = NextThread,
    .get_thread = nullptr,
    .memory_read = ReadMemory,
    .set_initial_registers = SetRegisters,
    .detach = nullptr,
    .thread_detach = nullptr,
};

class Walker {
 public:
  explicit Walker(Task& task) : task_(task), dwfl_(dwfl_begin(&kCallbacks)) {}
  ~Walker() {
    if (dwfl_ != nullptr) dwfl_end(dwfl_);
  }
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  std::vector<StackFrame> Walk(size_t limit);

 private:
  struct Addresses {
    std::vector<uint64_t> list;
    size_t limit;
  };

  void ReportFiles();
  static int OnFrame(Dwfl_Frame* frame, void* addresses);
  // Of the instruction at `pc`; what it is called stands at `address`.
  StackFrame Describe(uint64_t address, uint64_t pc);

  Task& task_;
  Dwfl* const dwfl_;
};

void Walker::ReportFiles() {
  std::map<Inode*, uint64_t> bases;
  for (const auto& [start, area] : task_.mm->areas()) {
    if (area.file == nullptr) continue;
    Inode& inode = area.file->inode();
    if (area.offset == 0) bases.emplace(&inode, start);
    const auto base = bases.find(&inode);
    if ((area.prot & PROT_EXEC) == 0 || base == bases.end()) continue;
    OwnedFd copy = CopyOf(inode);
    if (!copy.valid()) continue;
    const std::string name = area.file->Describe(task_.fs->root);
    const int fd = copy.get();
    if (dwfl_report_elf(dwfl_, name.c_str(), name.c_str(), fd, base->second,
                        false) != nullptr) {
      copy.Release();  // the library closes it
    }
  }
  dwfl_report_end(dwfl_, nullptr, nullptr);
}

int Walker::OnFrame(Dwfl_Frame* frame, void* arg) {
  auto* addresses = static_cast<Addresses*>(arg);
  Dwarf_Addr pc = 0;
  bool is_activation = false;
  if (!dwfl_frame_pc(frame, &pc, &is_activation)) return DWARF_CB_ABORT;
  // A return address may lie behind the function that called.
  addresses->list.push_back(is_activation ? pc : pc - 1);
  return addresses->list.size() < addresses->limit ? DWARF_CB_OK
                                                   : DWARF_CB_ABORT;
}

StackFrame Walker::Describe(uint64_t address, uint64_t pc) {
  StackFrame frame;
  frame.address = address;
  const Area* area = task_.mm->Find(pc);
  if (area != nullptr && area->file != nullptr) {
    frame.file = area->file->Describe(task_.fs->root);
    frame.file_offset = area->OffsetOf(address);
  }
  Dwfl_Module* module = dwfl_ == nullptr ? nullptr : dwfl_addrmodule(dwfl_, pc);
  if (module == nullptr) return frame;
  GElf_Sym symbol = {};
  GElf_Off offset = 0;
  const char* name = dwfl_module_addrinfo(module, pc, &offset, &symbol, nullptr,
                                          nullptr, nullptr);
  if (name != nullptr) {
    frame.symbol = name;
    frame.offset = offset + (address - pc);
  }
  Dwfl_Line* line = dwfl_module_getsrc(module, pc);
  int number = 0;
  const char* source =
      line == nullptr
          ? nullptr
          : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
  if (source != nullptr) frame.source = absl::StrCat(source, ":", number);
  return frame;
}

std::vector<StackFrame> Walker::Walk(size_t limit) {
  Addresses addresses = {.list = {}, .limit = limit};
  if (dwfl_ != nullptr) {
    ReportFiles();
    if (dwfl_attach_state(dwfl_, nullptr, 1, &kThreadCallbacks, &task_)) {
      dwfl_getthread_frames(dwfl_, 1, OnFrame, &addresses);
    }
  }
  if (addresses.list.empty()) addresses.list.push_back(task_.cpu().ip());
  std::vector<StackFrame> frames;
  for (size_t i = 0; i < addresses.list.size(); ++i) {
    const uint64_t pc = addresses.list[i];
    frames.push_back(Describe(i == 0 ? pc : pc + 1, pc));
  }
  return frames;
}

}  // namespace

std::string StackFrame::ToString() const {
  std::string text = absl::StrFormat("%#x", address);
  if (!symbol.empty()) absl::StrAppendFormat(&text, " %s+%#x", symbol, offset);
  if (!source.empty()) absl::StrAppend(&text, " (", source, ")");
  if (!file.empty()) absl::StrAppendFormat(&text, " in %s+%#x", file, file_offset);
  return text;
}

std::vector<StackFrame> WalkStack(Task& task, size_t limit) {
  return Walker(task).Walk(limit);
}

}  // namespace emu
