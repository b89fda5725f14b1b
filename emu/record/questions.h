// SPDX-License-Identifier: Apache-2.0
//
// How questions to a HostTree begin: which tree, and which file of it.

#ifndef EMU_RECORD_QUESTIONS_H_
#define EMU_RECORD_QUESTIONS_H_

#include <string>

#include "arch/machine.h"
#include "emu/trace/wire.h"

namespace emu {

inline void AppendQuestion(std::string& to, int tree, const std::string& path) {
  AppendVarint(to, static_cast<uint64_t>(tree));
  AppendBytes(to, path);
}

inline void AppendQuestion(std::string& to, int tree, HostFileId file) {
  AppendVarint(to, static_cast<uint64_t>(tree));
  AppendVarint(to, static_cast<uint64_t>(file.value));
}

}  // namespace emu

#endif  // EMU_RECORD_QUESTIONS_H_
