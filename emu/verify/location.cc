// SPDX-License-Identifier: Apache-2.0

#include "emu/verify/location.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "emu/record/replay.h"
#include "emu/verify/stack_walk.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kFrames = 12;

}  // namespace

std::string LocationText(const std::string& recording,
                         const TraceDivergence& divergence,
                         const std::string& name) {
  std::string text;
  const absl::Status status = ReplayUntil(
      recording, divergence.position, [&text, &name](Task& task) {
        absl::StrAppend(&text, name, " was there, in thread ", task.tid(), " (",
                        task.comm, "):\n");
        for (const StackFrame& frame : WalkStack(task, kFrames)) {
          absl::StrAppend(&text, "    ", frame.ToString(), "\n");
        }
      });
  if (!text.empty()) return text;
  return absl::StrCat("where ", name, " was cannot be told: ",
                      status.ok() ? "it had ended" : status.message(), "\n");
}

}  // namespace emu
