// SPDX-License-Identifier: Apache-2.0
//
// The program that does one case's operation: guest CASE COUNT.

#include <stdio.h>
#include <stdlib.h>

#include "bench/cases.h"

int main(int argc, char** argv) {
  const emu::bench::Operation run =
      argc == 3 ? emu::bench::FindCase(argv[1]) : nullptr;
  if (run == nullptr) {
    fprintf(stderr, "usage: guest CASE COUNT\n");
    return 2;
  }
  run(atol(argv[2]));
}
