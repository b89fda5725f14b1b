// SPDX-License-Identifier: Apache-2.0

#include "arch/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace emu {
namespace {
void (*failure_hook)() = nullptr;
}  // namespace

void SetCheckFailureHook(void (*hook)()) { failure_hook = hook; }

void CheckFailed(const char* condition, const char* file, int line) {
  fprintf(stderr, "emu: bug: %s:%d: check failed: %s\n", file, line, condition);
  if (failure_hook != nullptr) failure_hook();
  abort();
}

}  // namespace emu
