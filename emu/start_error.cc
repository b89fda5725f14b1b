// SPDX-License-Identifier: Apache-2.0

#include "emu/start_error.h"

#include <elf.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "emu/exit_status.h"
#include "emu/values.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/iov_iter.h"

namespace emu {
namespace {

// Enough for an ELF header and its program headers, or a script's first line.
constexpr size_t kHead = 4096;

const char* MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64: return "x86-64";
    case EM_386: return "32-bit x86";
    case EM_AARCH64: return "aarch64";
    case EM_ARM: return "32-bit arm";
    case EM_RISCV: return "riscv64";
    case EM_PPC64: return "ppc64";
    case EM_S390: return "s390x";
    case EM_MIPS: return "mips";
    default: return "another machine";
  }
}

// The file at `path` as the program's start looks it up.
Result<Resolved> Find(Kernel& kernel, const ProgramOptions& program,
                      absl::string_view path) {
  Path start = kernel.mounts().root();
  if (!absl::StartsWith(path, "/")) {
    start = TRY(ResolveAsKernel(start, program.cwd, {})).path;
  }
  return ResolveAsKernel(start, path, {});
}

std::string ReadHead(Inode& inode) {
  std::string bytes(kHead, '\0');
  IovIter to(absl::MakeSpan(bytes.data(), bytes.size()));
  const Result<size_t> n = inode.ReadAt(to, 0);
  bytes.resize(n.ok() ? *n : 0);
  return bytes;
}

// The program that a script's first line names; empty when it is no script.
std::string ScriptInterpreter(absl::string_view head) {
  if (!absl::ConsumePrefix(&head, "#!")) return "";
  head = head.substr(0, head.find('\n'));
  const std::vector<absl::string_view> words =
      absl::StrSplit(head, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  return words.empty() ? "" : std::string(words[0]);
}

// The dynamic linker that an ELF file names, if that is in `head`.
std::string ElfInterpreter(absl::string_view head) {
  Elf64_Ehdr header;
  if (head.size() < sizeof(header)) return "";
  memcpy(&header, head.data(), sizeof(header));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t at = header.e_phoff + uint64_t{sizeof(segment)} * i;
    if (at > head.size() || head.size() - at < sizeof(segment)) return "";
    memcpy(&segment, head.data() + at, sizeof(segment));
    if (segment.p_type != PT_INTERP) continue;
    if (segment.p_offset > head.size() ||
        head.size() - segment.p_offset < segment.p_filesz) {
      return "";
    }
    return std::string(
        head.substr(segment.p_offset, segment.p_filesz).data());
  }
  return "";
}

// Candidates for a program's file, in the order of trying.
std::vector<std::string> Candidates(const ProgramOptions& program) {
  if (absl::StrContains(program.path, '/')) return {program.path};
  std::string search = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& variable : program.env) {
    if (absl::StartsWith(variable, "PATH=")) search = variable.substr(5);
  }
  std::vector<std::string> paths;
  for (absl::string_view directory : absl::StrSplit(search, ':')) {
    paths.push_back(absl::StrCat(directory.empty() ? "." : directory, "/",
                                 program.path));
  }
  return paths;
}

StartError NotFound(Kernel& kernel, const ProgramOptions& program,
                    const std::string& name) {
  for (const std::string& path : Candidates(program)) {
    const Result<Resolved> found = Find(kernel, program, path);
    if (!found.ok()) continue;
    // It is there: what it needs is not.
    const std::string head = ReadHead(found->path.inode());
    std::string interpreter = ScriptInterpreter(head);
    if (interpreter.empty()) interpreter = ElfInterpreter(head);
    if (interpreter.empty()) break;
    return {absl::StrCat(name, " needs ", Quoted(interpreter),
                         ", which the guest does not have"),
            kExitNotFound};
  }
  return {absl::StrCat(name, " is not found in the guest",
                       absl::StrContains(program.path, '/')
                           ? ""
                           : "'s PATH; give a path, or -e PATH=..."),
          kExitNotFound};
}

}  // namespace

std::string ExplainFormat(absl::string_view bytes, uint64_t size,
                          uint16_t machine) {
  if (size == 0) return "is empty";
  if (!absl::StartsWith(bytes, ELFMAG)) {
    return "is neither an ELF program nor a script that starts with #!";
  }
  Elf64_Ehdr header = {};
  if (bytes.size() < EI_NIDENT) return "is an ELF file that is cut short";
  memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof(header)));
  if (header.e_ident[EI_DATA] != ELFDATA2LSB ||
      (bytes.size() >= 20 && header.e_machine != machine)) {
    const uint16_t its = header.e_ident[EI_DATA] == ELFDATA2MSB
                             ? __builtin_bswap16(header.e_machine)
                             : header.e_machine;
    return absl::StrCat("is a program for ", MachineName(its),
                        "; this emu runs those for ", MachineName(machine));
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    return absl::StrCat("is a 32-bit program; emu runs 64-bit ones");
  }
  if (bytes.size() < sizeof(header)) return "is an ELF file that is cut short";
  const uint64_t headers_end =
      header.e_phoff + uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phoff > size || headers_end > size) {
    return "is an ELF file that is cut short";
  }
  for (uint64_t at = header.e_phoff;
       at < headers_end && headers_end <= bytes.size();
       at += sizeof(Elf64_Phdr)) {
    Elf64_Phdr segment;
    memcpy(&segment, bytes.data() + at, sizeof(segment));
    if (segment.p_type == PT_LOAD &&
        (segment.p_offset > size || size - segment.p_offset < segment.p_filesz)) {
      return "is an ELF file that is cut short";
    }
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return "is an ELF file that is no program (an object file or a core dump)";
  }
  return "";
}

StartError ExplainStart(Kernel& kernel, const ProgramOptions& program,
                        Errno error) {
  const std::string name = Quoted(program.path);
  const Result<Resolved> cwd =
      ResolveAsKernel(kernel.mounts().root(), program.cwd, {});
  if (!cwd.ok() || !cwd->path.inode().IsDirectory()) {
    return {absl::StrCat("the guest has no directory ", Quoted(program.cwd),
                         " to start in; choose one with -w"),
            kExitFailure};
  }
  if (error == Errno(ENOENT) || error == Errno(ENOTDIR)) {
    return NotFound(kernel, program, name);
  }
  for (const std::string& path : Candidates(program)) {
    const Result<Resolved> found = Find(kernel, program, path);
    if (!found.ok()) continue;
    Inode& inode = found->path.inode();
    if (error == Errno(EACCES)) {
      return {absl::StrCat(name, " may not be executed by uid ",
                           program.creds.uid,
                           inode.IsDirectory()
                               ? ": it is a directory"
                               : "; check its mode, or try -u root"),
              kExitCannotExecute};
    }
    const std::string why = ExplainFormat(
        ReadHead(inode), inode.Size(), kernel.machine().platform().elf_machine);
    if (!why.empty()) {
      return {absl::StrCat(name, " ", why), kExitCannotExecute};
    }
    break;
  }
  return {absl::StrCat(name, " cannot be executed: ",
                       strerrordesc_np(error.value())),
          kExitCannotExecute};
}

}  // namespace emu
