// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

int main() {
  std::fputs("emu: no such command\n", stderr);
  return 125;
}
