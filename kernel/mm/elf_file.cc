// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/elf_file.h"

#include <elf.h>
#include <limits.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "arch/page_store.h"

namespace emu {
namespace {

// No address of a program lies above.
constexpr uint64_t kHighestAddress = uint64_t{1} << 47;

Result<> ReadExactly(absl::string_view first_bytes, ReadFile read, void* to,
                     uint64_t size, uint64_t offset) {
  if (offset <= first_bytes.size() && size <= first_bytes.size() - offset) {
    memcpy(to, first_bytes.data() + offset, size);
    return {};
  }
  if (offset > uint64_t{INT64_MAX} - size) return Errno(EINVAL);
  const size_t got =
      TRY(read(absl::MakeSpan(static_cast<char*>(to), size), offset));
  if (got != size) return Errno(EIO);
  return {};
}

// What `header` says of a segment to load.
Result<ElfSegment> ParseSegment(const Elf64_Phdr& header) {
  if (header.p_filesz > header.p_memsz || header.p_memsz > kHighestAddress ||
      header.p_vaddr > kHighestAddress ||
      header.p_offset > uint64_t{INT64_MAX} - kHighestAddress) {
    return Errno(EINVAL);
  }
  if (header.p_vaddr % kPageSize != header.p_offset % kPageSize &&
      header.p_filesz > 0) {
    return Errno(EINVAL);
  }
  ElfSegment segment{.vaddr = header.p_vaddr,
                     .offset = header.p_offset,
                     .file_size = header.p_filesz,
                     .memory_size = header.p_memsz};
  if (header.p_flags & PF_R) segment.prot |= PROT_READ;
  if (header.p_flags & PF_W) segment.prot |= PROT_WRITE;
  if (header.p_flags & PF_X) segment.prot |= PROT_EXEC;
  return segment;
}

bool IsPowerOfTwo(uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

Result<> AddSegment(const Elf64_Phdr& header, const Elf64_Ehdr& elf,
                    ElfFile* file) {
  if (header.p_memsz == 0) return {};
  const ElfSegment segment = TRY(ParseSegment(header));
  file->segments.push_back(segment);
  if (IsPowerOfTwo(header.p_align) && header.p_align <= kHighestAddress) {
    file->alignment = std::max(file->alignment, uint64_t{header.p_align});
  }
  if (file->headers == 0 && elf.e_phoff >= segment.offset &&
      elf.e_phoff - segment.offset < segment.file_size) {
    file->headers = elf.e_phoff - segment.offset + segment.vaddr;
  }
  return {};
}

// PT_INTERP's content: a path with its NUL.
Result<std::string> ReadInterpreter(absl::string_view first_bytes,
                                    ReadFile read, const Elf64_Phdr& header) {
  if (header.p_filesz > PATH_MAX || header.p_filesz < 2) return Errno(ENOEXEC);
  std::string path(header.p_filesz, '\0');
  TRY(ReadExactly(first_bytes, read, path.data(), path.size(),
                  header.p_offset));
  if (path.back() != '\0') return Errno(ENOEXEC);
  path.resize(strlen(path.c_str()));
  return path;
}

Result<std::vector<Elf64_Phdr>> ReadHeaders(absl::string_view first_bytes,
                                            ReadFile read,
                                            const Elf64_Ehdr& elf) {
  if (elf.e_phentsize != kProgramHeaderSize) return Errno(ENOEXEC);
  const size_t size = elf.e_phnum * kProgramHeaderSize;
  if (size == 0 || size > 65536) return Errno(ENOEXEC);
  std::vector<Elf64_Phdr> headers(elf.e_phnum);
  if (!ReadExactly(first_bytes, read, headers.data(), size, elf.e_phoff).ok()) {
    return Errno(ENOEXEC);
  }
  return headers;
}

}  // namespace

uint64_t ElfFile::lowest() const {
  uint64_t lowest = ~uint64_t{0};
  for (const ElfSegment& s : segments) lowest = std::min(lowest, s.vaddr);
  return PageDown(lowest);
}

uint64_t ElfFile::highest() const {
  uint64_t highest = 0;
  for (const ElfSegment& s : segments) highest = std::max(highest, s.end());
  return PageUp(highest);
}

bool LooksLikeElf(absl::string_view first_bytes) {
  return first_bytes.size() >= SELFMAG &&
         memcmp(first_bytes.data(), ELFMAG, SELFMAG) == 0;
}

Result<ElfFile> ParseElf(absl::string_view first_bytes, ReadFile read,
                         uint16_t machine) {
  if (!LooksLikeElf(first_bytes)) return Errno(ENOEXEC);
  Elf64_Ehdr elf = {};
  memcpy(&elf, first_bytes.data(), std::min(first_bytes.size(), sizeof(elf)));
  if (elf.e_type != ET_EXEC && elf.e_type != ET_DYN) return Errno(ENOEXEC);
  if (elf.e_machine != machine) return Errno(ENOEXEC);
  const auto headers = TRY(ReadHeaders(first_bytes, read, elf));
  ElfFile file;
  file.relocatable = elf.e_type == ET_DYN;
  file.entry = elf.e_entry;
  file.header_count = elf.e_phnum;
  bool interpreted = false;
  for (const Elf64_Phdr& header : headers) {
    switch (header.p_type) {
      case PT_INTERP:
        if (interpreted) break;
        interpreted = true;
        file.interpreter = TRY(ReadInterpreter(first_bytes, read, header));
        break;
      case PT_GNU_STACK:
        file.executable_stack = (header.p_flags & PF_X) != 0;
        break;
      case PT_LOAD:
        TRY(AddSegment(header, elf, &file));
        break;
      default:
        break;
    }
  }
  if (file.segments.empty()) return Errno(ENOEXEC);
  return file;
}

}  // namespace emu
