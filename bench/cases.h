// SPDX-License-Identifier: Apache-2.0
//
// The operations that are measured, as plain code that runs natively and in a
// guest alike.

#ifndef BENCH_CASES_H_
#define BENCH_CASES_H_

namespace emu::bench {

// Does the operation `count` times; ends the program with a reason when that
// cannot be done.
using Operation = void (*)(long count);

struct Case {
  const char* name;
  Operation run;
};

// Ends with a null name.
extern const Case kCases[];

// Null: no such case.
Operation FindCase(const char* name);

}  // namespace emu::bench

#endif  // BENCH_CASES_H_
