// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/event_codec.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "emu/trace/block.h"
#include "emu/trace/digester.h"
#include "emu/trace/synthetic_events.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

std::string Encode(const std::vector<TraceEvent>& events) {
  EventEncoder encoder;
  for (const TraceEvent& event : events) encoder.Add(event);
  EXPECT_EQ(encoder.count(), events.size());
  return absl::StrJoin(encoder.Take(), "");
}

// None if the payload is damaged.
std::optional<std::vector<TraceEvent>> Decode(const std::string& payload,
                                              uint32_t count) {
  EventDecoder decoder;
  if (!decoder.Start(payload, count)) return std::nullopt;
  std::vector<TraceEvent> events;
  while (decoder.left() > 0) {
    if (!decoder.Next(&events.emplace_back())) return std::nullopt;
  }
  return events;
}

std::vector<TraceEvent> TwoCalls() {
  const TraceEvent enter = {.kind = EventKind::kEnter,
                            .tid = 2,
                            .time = 1000,
                            .number = 257,
                            .args = {1, 2, 3, 4, 5, 300}};
  TraceEvent exit = enter;
  exit.kind = EventKind::kExit;
  exit.time = 1250;
  exit.result = -2;
  exit.digest = 0x01020304;
  TraceEvent again = enter;
  again.time = 1500;
  TraceEvent last = exit;
  last.time = 1750;
  return {enter, exit, again, last};
}

// What docs/trace_format.md says of it. A change here needs a new version.
TEST(EventCodecTest, HasTheDocumentedLayout) {
  const std::string payload = Encode(TwoCalls());
  EXPECT_EQ(absl::BytesToHexString(payload),
            // The columns' sizes.
            "02020201040401010101010201020004"
            "0f0f"      // two calls
            "6f06"      // all but the enter's digest; then time and number
            "3f00"      // all arguments; then none
            "04"        // tid 2
            "d00fdb0b"  // 1000; 750 less than 1000 after the exit
            "81028102"  // 257, twice
            "020406080ad804"
            "03"    // -2
            "f403"  // 250 after the enter
            "04030201");
  EXPECT_EQ(Decode(payload, 4), TwoCalls());
}

TEST(EventCodecTest, ExpectsTheSameForEver) {
  EventEncoder encoder;
  SyntheticEvents events;
  for (int i = 0; i < 20'000; ++i) encoder.Add(events.Next());
  EXPECT_EQ(DigestOf(absl::StrJoin(encoder.Take(), "")).ToString(),
            "f0a8807ba04b0ea29ea213d4e7a7632c");
}

TEST(EventCodecTest, StartsEveryBlockAnew) {
  EventEncoder encoder;
  std::string first;
  for (int block = 0; block < 2; ++block) {
    for (const TraceEvent& event : TwoCalls()) encoder.Add(event);
    const std::string payload = absl::StrJoin(encoder.Take(), "");
    if (block == 0) first = payload;
    EXPECT_EQ(payload, first);
  }
}

TEST(EventCodecTest, KeepsAnEnterWhoseExitIsInTheNextBlock) {
  EventEncoder encoder;
  const std::vector<TraceEvent> events = TwoCalls();
  encoder.Add(events[0]);
  const std::string first = absl::StrJoin(encoder.Take(), "");
  encoder.Add(events[1]);
  const std::string second = absl::StrJoin(encoder.Take(), "");
  EXPECT_EQ(Decode(first, 1), std::vector<TraceEvent>{events[0]});
  EXPECT_EQ(Decode(second, 1), std::vector<TraceEvent>{events[1]});
}

TEST(EventCodecTest, StaysWithinABlockWhateverTheEvents) {
  EventEncoder encoder;
  TraceEvent event;
  event.time = INT64_MIN;
  while (!encoder.full()) {
    // As far from what is expected as can be.
    event.tid ^= INT32_MIN;
    event.time ^= INT64_MIN;
    event.number = ~event.number;
    for (uint64_t& arg : event.args) arg ^= 1ull << 63;
    event.result ^= INT64_MIN;
    event.digest = ~event.digest;
    encoder.Add(event);
  }
  EXPECT_LE(absl::StrJoin(encoder.Take(), "").size(), kLargestBlock);
}

TEST(EventCodecTest, RefusesWhatDoesNotFit) {
  const std::string payload = Encode(TwoCalls());
  EXPECT_FALSE(Decode(payload, 3));
  EXPECT_FALSE(Decode(payload, 5));
  EXPECT_FALSE(Decode(payload, 0));
  EXPECT_FALSE(Decode(payload, kMostEventsInBlock + 1));
  EXPECT_FALSE(Decode(payload + "x", 4));
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(Decode(payload.substr(0, size), 4)) << size;
  }
  std::string unknown = payload;
  unknown[16] = 11;  // no such kind
  EXPECT_FALSE(Decode(unknown, 4));
}

}  // namespace
}  // namespace emu
