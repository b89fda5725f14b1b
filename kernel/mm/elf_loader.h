// SPDX-License-Identifier: Apache-2.0
//
// Puts an ELF file's segments into a memory map.

#ifndef KERNEL_MM_ELF_LOADER_H_
#define KERNEL_MM_ELF_LOADER_H_

#include <cstdint>
#include <memory>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"
#include "kernel/mm/elf_file.h"
#include "kernel/mm/memory_map.h"

namespace emu {

// A file that can be loaded: what it says and where its bytes are.
struct Loadable {
  ElfFile elf;
  FileRef file;
  std::shared_ptr<MemoryObject> object;
};

struct LoadedElf {
  // What was added to the file's addresses.
  uint64_t bias = 0;
  GuestAddr entry = 0;
};

// Maps all segments; a relocatable file at `base`, or (0) where there is room.
// ENOMEM, EINVAL.
Result<LoadedElf> LoadElf(MemoryMap& mm, const Loadable& loadable,
                          GuestAddr base);

}  // namespace emu

#endif  // KERNEL_MM_ELF_LOADER_H_
