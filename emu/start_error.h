// SPDX-License-Identifier: Apache-2.0
//
// Why the first program did not start, in words that help.

#ifndef EMU_START_ERROR_H_
#define EMU_START_ERROR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/kernel.h"

namespace emu {

struct StartError {
  std::string message;
  int exit_status;
};

// What execve's `error` for `program` means, looking at the guest's files.
StartError ExplainStart(Kernel& kernel, const ProgramOptions& program,
                        Errno error);

// Why `bytes`, the start of a file of `size` bytes, are no program for a machine
// of ELF's number `machine`; empty if they may be one.
std::string ExplainFormat(absl::string_view bytes, uint64_t size,
                          uint16_t machine);

}  // namespace emu

#endif  // EMU_START_ERROR_H_
