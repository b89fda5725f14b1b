// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/exec.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "arch/machine.h"
#include "kernel/fs/access.h"
#include "kernel/fs/lease.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/mm/elf_loader.h"
#include "kernel/mm/exec_stack.h"
#include "kernel/mm/memory_map.h"
#include "kernel/mm/script.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

namespace emu {
namespace {

// Scripts whose interpreter is a script, and so on: no deeper.
constexpr int kDeepestScript = 5;
constexpr uint64_t kClockTicksPerSecond = 100;

// What is known of a program once its file was found to be one.
struct Program {
  std::string name;  // AT_EXECFN
  std::vector<std::string> argv;
  Loadable main;
  std::optional<Loadable> interpreter;
};

// A new program's memory and registers, not yet anyone's.
struct Image {
  std::unique_ptr<Cpu> cpu;
  std::shared_ptr<MemoryMap> mm;
};

// The first bytes of a file. For ELF files they usually hold all headers, so
// that one read serves.
Result<std::string> ReadFirstBytes(FileDescription& file) {
  std::string bytes(kPageSize, '\0');
  IovIter to(absl::MakeSpan(bytes.data(), bytes.size()));
  const size_t size = TRY(file.inode().ReadAt(to, 0));
  bytes.resize(size);
  return bytes;
}

Result<Loadable> OpenElf(Task& task, const FileRef& file,
                         const std::string& first_bytes) {
  const auto read = [&](absl::Span<char> to, uint64_t offset) {
    IovIter iter(to);
    return file->inode().ReadAt(iter, offset);
  };
  Loadable loadable;
  loadable.elf = TRY(ParseElf(first_bytes, read,
                              task.kernel().machine().platform().elf_machine));
  loadable.file = file;
  const auto object = file->Map(task, PROT_READ, false);
  if (!object.ok() || *object == nullptr) return Errno(ENOEXEC);
  loadable.object = *object;
  TRY(loadable.object->BeforeMap(false, false));
  return loadable;
}

// The program's own interpreter (the dynamic linker).
Result<Loadable> OpenInterpreter(Task& task, const std::string& path) {
  const FileRef file = TRY(OpenProgram(task, Path(), path));
  const std::string first_bytes = TRY(ReadFirstBytes(*file));
  if (first_bytes.size() < kElfHeaderSize) return Errno(EIO);
  Result<Loadable> loadable = OpenElf(task, file, first_bytes);
  if (!loadable.ok() && loadable.error() == Errno(ENOEXEC)) {
    return Errno(ELIBBAD);
  }
  return loadable;
}

// Follows scripts to the ELF file that runs.
Result<Program> FindProgram(Task& task, FileRef file,
                            const ExecRequest& request) {
  Program program;
  program.name = request.name.empty() ? request.path : request.name;
  program.argv = request.argv;
  if (program.argv.empty()) program.argv.emplace_back();
  std::string script_name = program.name;
  for (int depth = 0; depth <= kDeepestScript; ++depth) {
    const std::string first_bytes = TRY(ReadFirstBytes(*file));
    if (LooksLikeElf(first_bytes)) {
      program.main = TRY(OpenElf(task, file, first_bytes));
      if (!program.main.elf.interpreter.empty()) {
        program.interpreter =
            TRY(OpenInterpreter(task, program.main.elf.interpreter));
      }
      return program;
    }
    if (!LooksLikeScript(first_bytes)) return Errno(ENOEXEC);
    ScriptLine line = TRY(ParseScript(first_bytes));
    if (request.name_is_closed) return Errno(ENOENT);
    program.argv[0] = std::move(script_name);
    if (line.has_argument) {
      program.argv.insert(program.argv.begin(), std::move(line.argument));
    }
    program.argv.insert(program.argv.begin(), line.interpreter);
    file = TRY(OpenProgram(task, Path(), line.interpreter));
    script_name = std::move(line.interpreter);
  }
  return Errno(ELOOP);
}

// Where mappings go: below what the stack may take.
GuestAddr MmapBase(const AddressSpace& space, uint64_t stack_limit) {
  constexpr uint64_t kLeastGap = 128 << 20;
  const uint64_t most = space.highest() / 6 * 5;
  const uint64_t gap = std::min(stack_limit, most) + MemoryMap::kStackGuardGap;
  return PageDown(space.highest() - std::clamp(gap, kLeastGap, most));
}

// Relocatable programs are put where Linux puts them: at two thirds of what it
// lets a program have.
GuestAddr ProgramBase(const AddressSpace& space) {
  return PageDown((std::bit_ceil(space.highest()) - kPageSize) / 3 * 2);
}

// Where the parts of a program came to lie.
struct Places {
  LoadedElf main;
  GuestAddr entry = 0;        // to start at: the interpreter's, if there is one
  GuestAddr interpreter = 0;  // its base
  GuestAddr vdso = 0;         // its image
};

StackContents ContentsOf(Task& task, const Program& program,
                         const Places& places,
                         const std::vector<std::string>& envp) {
  const Machine::Platform& platform = task.kernel().machine().platform();
  const Credentials& creds = *task.creds;
  StackContents contents{.argv = program.argv,
                         .envp = envp,
                         .name = program.name,
                         .platform = platform.machine,
                         .random = std::string(16, '\0'),
                         .auxv = {}};
  task.kernel().env().FillRandom(absl::MakeSpan(contents.random));
  const ElfFile& elf = program.main.elf;
  contents.auxv = {
      {AT_MINSIGSTKSZ, platform.min_sigstack},
      {AT_HWCAP, platform.hwcap},
      {AT_PAGESZ, kPageSize},
      {AT_CLKTCK, kClockTicksPerSecond},
      {AT_PHDR, elf.headers == 0 ? 0 : elf.headers + places.main.bias},
      {AT_PHENT, kProgramHeaderSize},
      {AT_PHNUM, elf.header_count},
      {AT_BASE, places.interpreter},
      {AT_FLAGS, 0},
      {AT_ENTRY, places.main.entry},
      {AT_UID, creds.uid},
      {AT_EUID, creds.euid},
      {AT_GID, creds.gid},
      {AT_EGID, creds.egid},
      {AT_SECURE, 0},
      {AT_HWCAP2, platform.hwcap2},
  };
  if (places.vdso != 0) {
    contents.auxv.emplace(contents.auxv.begin(), AT_SYSINFO_EHDR, places.vdso);
  }
  return contents;
}

void NoteSegments(const ElfFile& elf, uint64_t bias,
                  MemoryMap::Layout* layout) {
  layout->code_start = layout->data_start = ~GuestAddr{0};
  layout->code_end = layout->data_end = 0;
  for (const ElfSegment& segment : elf.segments) {
    const GuestAddr start = segment.vaddr + bias;
    const GuestAddr end = start + segment.file_size;
    layout->code_start = std::min(layout->code_start, start);
    if (segment.prot & PROT_EXEC) {
      layout->code_end = std::max(layout->code_end, end);
    }
    if (layout->data_end == 0 || start > layout->data_start) {
      layout->data_start = start;
    }
    layout->data_end = std::max(layout->data_end, end);
  }
  layout->brk_start = layout->brk = elf.highest() + bias;
}

// Maps the program, its interpreter and the vDSO.
Result<Places> LoadProgram(Kernel& kernel, MemoryMap& mm,
                           const Program& program) {
  Places places;
  places.main = TRY(LoadElf(mm, program.main, ProgramBase(mm.space())));
  places.entry = places.main.entry;
  NoteSegments(program.main.elf, places.main.bias, &mm.layout);
  if (program.interpreter) {
    const LoadedElf interpreter = TRY(LoadElf(mm, *program.interpreter, 0));
    places.entry = interpreter.entry;
    places.interpreter = interpreter.bias;
  }
  Vdso& vdso = kernel.subsystems().vdso;
  if (vdso.length() > 0) {
    const GuestAddr start = TRY(mm.FindFree(0, vdso.length()));
    places.vdso = TRY(vdso.Map(mm, start));
  }
  return places;
}

// Makes the program's memory. Nothing of it is the task's yet.
Result<Image> BuildImage(Task& task, const Program& program,
                         const std::vector<std::string>& envp) {
  Kernel& kernel = task.kernel();
  Machine::Guest guest = TRY(kernel.machine().NewProcess());
  Image image{
      .cpu = std::move(guest.cpu),
      .mm = std::make_shared<MemoryMap>(kernel, std::move(guest.memory))};
  MemoryMap& mm = *image.mm;
  mm.limits = MemoryLimits::Of(task.process());
  mm.layout.mmap_base = MmapBase(mm.space(), mm.limits.stack);
  const Places places = TRY(LoadProgram(kernel, mm, program));
  const GuestAddr sp = TRY(BuildStack(mm, PageDown(mm.space().highest()),
                                      program.main.elf.executable_stack,
                                      ContentsOf(task, program, places, envp)));
  TRY(mm.SetExecutable(program.main.file));
  image.cpu->Reset(places.entry, sp);
  return image;
}

void CloseOnExec(Task& task) {
  if (task.files.use_count() > 1) task.files = task.files->Copy();
  for (const FileRef& file : task.files->TakeCloexec()) file->OnClose(task);
}

std::string CommandName(const ExecRequest& request,
                        const FileDescription& file) {
  if (!request.name.empty()) return file.path().dentry->name().substr(0, 15);
  return request.path.substr(request.path.rfind('/') + 1).substr(0, 15);
}

}  // namespace

Result<FileRef> OpenProgram(Task& task, const Path& start,
                            absl::string_view path, const ResolveFlags& flags) {
  const Path found = TRY(Resolve(task, start, path, flags)).path;
  Inode& inode = found.inode();
  if (inode.IsSymlink()) return Errno(ELOOP);
  if (!inode.IsRegular()) return Errno(EACCES);
  if (found.mount->flags.noexec) return Errno(EACCES);
  TRY(CheckAccess(*task.creds, inode, kMayExec));
  if (inode.write_count > 0) return Errno(ETXTBSY);
  TRY(BreakLeases(task, inode, O_RDONLY));
  return inode.Open(task, found, O_RDONLY);
}

Result<> Exec(Task& task, const ExecRequest& request) {
  const FileRef file = TRY(OpenProgram(task, request.start, request.path));
  return ExecFile(task, file, request);
}

Result<> ExecFile(Task& task, const FileRef& file, const ExecRequest& request) {
  const Program program = TRY(FindProgram(task, file, request));
  TRY(CheckArguments(program.argv, request.envp, program.name,
                     task.process().limit(RLIMIT_STACK)));
  Result<Image> image = BuildImage(task, program, request.envp);
  if (!image.ok()) {
    const bool undone = image.error() == Errno(EAGAIN) ||
                        image.error() == Errno(ETXTBSY) ||
                        image.error() == kBlocked;
    if (task.mm == nullptr || undone) return image.error();
    // Linux finds out when the old program is gone already.
    EndProcess(task.process(), SIGSEGV);
    return kNoReturn;
  }
  EndOtherThreads(task);
  LeaveMemory(task);
  CloseOnExec(task);
  ResetForExec(task);
  task.comm = CommandName(request, *file);
  task.cpu_ref() = std::move(image->cpu);
  task.mm = std::move(image->mm);
  task.kernel().Emit(Event::Kind::kExec, task);
  return {};
}

}  // namespace emu
