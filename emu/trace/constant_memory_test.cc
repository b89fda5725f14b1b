// SPDX-License-Identifier: Apache-2.0
//
// Ten million events are written and read in the memory of one.

#include <sys/resource.h>

#include <memory>

#include "arch/host/test_directory.h"
#include "emu/trace/compare.h"
#include "emu/trace/synthetic_events.h"
#include "emu/trace/trace_reader.h"
#include "emu/trace/trace_writer.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr uint64_t kEvents = 10'000'000;
// In KiB; the least that an array of them would take is 900 MiB.
constexpr long kMostMemory = 16 << 10;

// The most that this process ever used, in KiB.
long PeakMemory() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(ConstantMemoryTest, HoldsWhateverTheLength) {
  TestDirectory directory;
  const long before = PeakMemory();
  auto writer = TraceWriter::Create(directory.Path("r"), {});
  ASSERT_TRUE(writer.ok());
  SyntheticEvents events;
  while ((*writer)->totals().events < kEvents) {
    if ((*writer)->totals().events % 1000 == 0) {
      (*writer)->AddInput({.kind = static_cast<InputKind>(1),
                           .position = (*writer)->totals().events,
                           .skipped = 0,
                           .payload = "some bytes"});
    }
    (*writer)->AddEvent(events.Next());
  }
  ASSERT_TRUE((*writer)->Finish({}).ok());
  // The budget of a call, and an input for 500 of them.
  EXPECT_LT((*writer)->totals().bytes, (*writer)->totals().calls * 24);
  EXPECT_LT(PeakMemory() - before, kMostMemory);

  const auto reader = TraceReader::Open(directory.Path("r"));
  ASSERT_TRUE(reader.ok());
  SyntheticEvents again;
  EventCursor cursor(**reader);
  for (uint64_t i = 0; i < kEvents; ++i) {
    const auto event = cursor.Next();
    ASSERT_TRUE(event.ok() && *event && **event == again.Next()) << i;
  }
  EXPECT_FALSE(cursor.Next()->has_value());
  const auto same = CompareTraces(**reader, **reader);
  EXPECT_TRUE(same.ok() && !*same);
  EXPECT_LT(PeakMemory() - before, 2 * kMostMemory);
}

}  // namespace
}  // namespace emu
