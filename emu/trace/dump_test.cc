// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/dump.h"

#include <memory>
#include <string>
#include <vector>

#include "emu/trace/chrome_export.h"
#include "emu/trace/compare.h"
#include "emu/trace/event_text.h"
#include "emu/trace/report.h"
#include "emu/trace/summary.h"
#include "emu/trace/trace_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kRead = 0;
constexpr uint64_t kWrite = 1;
constexpr uint64_t kNoSuchCall = 500;

TraceEvent Call(EventKind kind, int64_t time, int32_t tid, uint64_t number,
                std::array<uint64_t, 6> args, int64_t result = 0,
                uint32_t digest = 0) {
  return {.kind = kind,
          .tid = tid,
          .time = time,
          .number = number,
          .args = args,
          .result = result,
          .digest = digest};
}

TraceEvent Other(EventKind kind, int64_t time, int32_t tid, uint64_t number = 0,
                 uint64_t arg = 0) {
  return {
      .kind = kind, .tid = tid, .time = time, .number = number, .args = {arg}};
}

// A process makes another, which it reads from; then both end.
std::vector<TraceEvent> Story() {
  using enum EventKind;
  return {
      Other(kExec, 1'000'000'000, 2),
      Call(kEnter, 1'000'001'000, 2, kWrite, {1, 0x1000, 5}),
      Call(kExit, 1'000'002'000, 2, kWrite, {1, 0x1000, 5}, 5, 0xabcdef01),
      Other(kSpawn, 1'000'003'000, 2, 3, 0x11),
      Call(kEnter, 1'000'004'000, 2, kRead, {3, 0x2000, 64}, 0, 0x17),
      Other(kBlock, 1'000'004'000, 2),
      Other(kSwitch, 1'000'004'000, 3),
      Call(kEnter, 1'000'005'000, 3, kNoSuchCall, {1, 2, 3, 4, 5, 6}),
      Call(kExit, 1'000'006'400, 3, kNoSuchCall, {1, 2, 3, 4, 5, 6}, -38),
      Other(kSpin, 1'000'006'400, 3, 0x401000),
      Other(kPreempt, 1'000'006'400, 3, 0x401008),
      Other(kSignal, 1'000'006'800, 3, 15, 0),
      Other(kDeath, 1'000'007'200, 3, 15),
      Other(kWake, 1'000'007'200, 2),
      Other(kSwitch, 1'000'007'200, 2),
      Call(kExit, 3'000'000'000, 2, kRead, {3, 0x2000, 64}, 0),
      Other(kDeath, 3'000'000'000, 2, 0x300),
  };
}

std::string Recorded(const std::vector<TraceEvent>& events,
                     const std::vector<InputRecord>& inputs = {},
                     const std::string& options = "{}",
                     const std::vector<Excerpt>& excerpts = {}) {
  std::string bytes;
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes),
                                    {.options = options});
  size_t input = 0;
  size_t excerpt = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    while (excerpt < excerpts.size() && excerpts[excerpt].position <= i) {
      (*writer)->AddExcerpt(excerpts[excerpt++]);
    }
    while (input < inputs.size() && inputs[input].position <= i) {
      (*writer)->AddInput(inputs[input++]);
    }
    (*writer)->AddEvent(events[i]);
    // Blocks end anywhere.
    if (i % 5 == 4) {
      EXPECT_TRUE((*writer)->Flush().ok());
    }
  }
  while (input < inputs.size()) (*writer)->AddInput(inputs[input++]);
  const ContentId id = (*writer)->AddContent("content");
  (*writer)->AddFile({"/a\nfile", 0100644, 5, id});
  (*writer)->AddFile({"/directory", 040755, 6, kNoContent});
  EXPECT_TRUE((*writer)->Finish({.status = 3, .message = "one\ntwo"}).ok());
  return bytes;
}

// Holds the bytes as long as the reader.
class Recording {
 public:
  explicit Recording(std::string bytes, const std::string& name = "r")
      : bytes_(std::move(bytes)) {
    auto reader =
        TraceReader::Open(std::make_unique<MemorySource>(bytes_), name);
    EXPECT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }
  const TraceReader& operator*() const { return *reader_; }

  std::string Dump(const DumpOptions& options) const {
    std::string text;
    EXPECT_TRUE(DumpTrace(*reader_, options, [&text](absl::string_view part) {
                  text.append(part.data(), part.size());
                  return true;
                }).ok());
    return text;
  }

 private:
  const std::string bytes_;
  std::unique_ptr<TraceReader> reader_;
};

TEST(DumpTest, PrintsEveryKindOfEvent) {
  EXPECT_EQ(Recording(Recorded(Story())).Dump({}),
            R"(1.000000000 2 runs a new program
1.000001000 2 write(1, 0x1000, 5) = 5 data=abcdef01
1.000003000 2 makes 3, SIGCHLD
1.000004000 2 read(3, ... data=00000017
1.000004000 2 waits
1.000004000 3 runs
1.000005000 3 syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented) took=1400
1.000006400 3 spins at 0x401000
1.000006400 3 is preempted at 0x401008
1.000006800 3 gets SIGTERM, si_code 0
1.000007200 3 ends, killed by SIGTERM
1.000007200 2 wakes
1.000007200 2 runs
3.000000000 2 ... read(3, "", 64) = 0
3.000000000 2 ends, status 3
)");
}

TEST(DumpTest, ShowsWhatPointersPointedTo) {
  // The read waits: what it got was there when it ended.
  const std::vector<Excerpt> excerpts = {{2, 2, 0x1000, "hello"},
                                         {15, 2, 0x2000, "end"}};
  std::vector<TraceEvent> story = Story();
  story[15].result = 3;
  const Recording recording(Recorded(story, {}, "{}", excerpts));
  const std::string text = recording.Dump({});
  EXPECT_THAT(text, HasSubstr(" 2 write(1, \"hello\", 5) = 5 data="));
  EXPECT_THAT(text, HasSubstr(" 2 read(3, ... data="));
  EXPECT_THAT(text, HasSubstr(" 2 ... read(3, \"end\", 64) = 3\n"));
  EXPECT_THAT(recording.Dump({.json = true, .from = 1, .to = 3}),
              HasSubstr(R"("text":"write(1, \"hello\", 5) = 5")"));
  // Of a call that began before the first event to be shown, what came after.
  EXPECT_THAT(recording.Dump({.from = 2, .to = 3}), HasSubstr("write(1, \"hello"));
  EXPECT_THAT(recording.Dump({.from = 9}), HasSubstr("read(3, \"end\", 64)"));
}

TEST(DumpTest, KnowsNothingOfThePreviousCall) {
  const std::vector<TraceEvent> events = {
      Call(EventKind::kEnter, 0, 2, kWrite, {1, 0x1000, 5}),
      Call(EventKind::kExit, 1, 2, kWrite, {1, 0x1000, 5}, 5),
      Call(EventKind::kEnter, 2, 2, kWrite, {1, 0x1000, 5}),
      Call(EventKind::kExit, 3, 2, kWrite, {1, 0x1000, 5}, -14),
  };
  const Recording recording(
      Recorded(events, {}, "{}", {{1, 2, 0x1000, "hello"}}));
  EXPECT_EQ(recording.Dump({.times = false}),
            "2 write(1, \"hello\", 5) = 5\n"
            "2 write(1, 0x1000, 5) = -1 EFAULT (Bad address)\n");
}

TEST(DumpTest, LeavesOutWhatIsNotAskedFor) {
  const Recording recording(Recorded(Story()));
  EXPECT_EQ(recording.Dump({.from = 8, .to = 11}),
            "1.000006400 3 ... syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = "
            "-1 ENOSYS (Function not implemented)\n"
            "1.000006400 3 spins at 0x401000\n"
            "1.000006400 3 is preempted at 0x401008\n");
  EXPECT_EQ(recording.Dump({.numbers = true,
                            .times = false,
                            .tids = {3},
                            .calls = {"syscall_0x1f4"}}),
            "7 3 syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS "
            "(Function not implemented)\n");
  EXPECT_EQ(recording.Dump({.from = 1000}), "");
  EXPECT_EQ(recording.Dump({.to = 0}), "");
  EXPECT_EQ(recording.Dump({.calls = {"write"}}),
            "1.000001000 2 write(1, 0x1000, 5) = 5 data=abcdef01\n");
}

TEST(DumpTest, PrintsInputsWhereTheyWereTaken) {
  const Recording recording(Recorded(
      Story(), {{static_cast<InputKind>(200), 1, 3, "bytes\n"},
                {static_cast<InputKind>(200), 17, 0, std::string(100, 'x')}}));
  const std::string text = recording.Dump({.inputs = true, .to = 3});
  EXPECT_EQ(text,
            "1.000000000 2 runs a new program\n"
            "< input-200 + \"bytes\\n\"\n"
            "1.000001000 2 write(1, 0x1000, 5) = 5 data=abcdef01\n");
  EXPECT_THAT(recording.Dump({.inputs = true}),
              HasSubstr("\"" + std::string(64, 'x') + "\"...\n"));
}

TEST(DumpTest, PrintsJsonLines) {
  const std::string text =
      Recording(Recorded(Story())).Dump({.json = true, .to = 3});
  EXPECT_EQ(
      text,
      R"({"event":0,"time":1000000000,"tid":2,"kind":"exec","number":0,"args":["0x0","0x0","0x0","0x0","0x0","0x0"],"text":"runs a new program"}
{"event":1,"time":1000001000,"tid":2,"kind":"call","call":"write","args":["0x1","0x1000","0x5","0x0","0x0","0x0"],"text":"write(1, 0x1000, 5) = 5","result":5,"data":"abcdef01","end":1000002000}
)");
}

TEST(DumpTest, EndsWhenNobodyWantsMore) {
  const Recording recording(Recorded(Story()));
  int lines = 0;
  EXPECT_TRUE(DumpTrace(*recording, {}, [&](absl::string_view) {
                return ++lines < 2;
              }).ok());
  EXPECT_EQ(lines, 2);
}

TEST(CompareTest, FindsTheFirstDifferenceAndWhatLedToIt) {
  std::vector<TraceEvent> changed = Story();
  changed[8].result = -1;
  changed[8].time += 5;
  const Recording a(Recorded(Story()), "a");
  const Recording b(Recorded(changed), "b");
  auto divergence = CompareTraces(*a, *b, {.before = 2, .after = 1});
  ASSERT_TRUE(divergence.ok() && *divergence);
  EXPECT_EQ((*divergence)->position, 8);
  EXPECT_THAT((*divergence)->fields, ElementsAre("result", "time"));
  EXPECT_EQ(DivergenceText(**divergence, "a", "b"),
            R"(event 8 differs in result, time
  before it, in both:
    6 1.000004000 3 runs
    7 1.000005000 3 syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6...
- a:
- 8 1.000006400 3 ... syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)
- 9 1.000006400 3 spins at 0x401000
+ b:
+ 8 1.000006405 3 ... syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 EPERM (Operation not permitted)
+ 9 1.000006400 3 spins at 0x401000
)");
  divergence = CompareTraces(*a, *a);
  EXPECT_TRUE(divergence.ok() && !*divergence);
}

TEST(CompareTest, FindsThatOneEndsEarlier) {
  std::vector<TraceEvent> shorter = Story();
  shorter.pop_back();
  const Recording a(Recorded(Story()), "a");
  const Recording b(Recorded(shorter), "b");
  const auto divergence = CompareTraces(*a, *b);
  ASSERT_TRUE(divergence.ok() && *divergence);
  EXPECT_EQ((*divergence)->position, shorter.size());
  EXPECT_TRUE((*divergence)->a);
  EXPECT_FALSE((*divergence)->b);
  EXPECT_THAT(DivergenceText(**divergence, "a", "b"),
              HasSubstr("+ has no further event\n"));
}

TEST(CompareTest, NamesEveryField) {
  const TraceEvent a;
  const TraceEvent b = {.kind = EventKind::kExit,
                        .tid = 1,
                        .time = 1,
                        .number = 1,
                        .args = {1, 1, 1, 1, 1, 1},
                        .result = 1,
                        .digest = 1};
  EXPECT_THAT(
      DifferingFields(a, b),
      ElementsAre("kind", "tid", "number", "args[0]", "args[1]", "args[2]",
                  "args[3]", "args[4]", "args[5]", "result", "data", "time"));
  EXPECT_THAT(DifferingFields(a, a), ElementsAre());
}

TEST(ReportTest, DiffTellsOfOptionsAndInputsToo) {
  const InputKind kind = static_cast<InputKind>(200);
  const Recording a(
      Recorded(Story(), {{kind, 1, 0, "x"}}, R"({"seed": 1, "same": [2]})"),
      "a");
  const Recording b(
      Recorded(Story(), {{kind, 1, 0, "y"}}, R"({"same": [2], "new": true})"),
      "b");
  const auto report = DiffTraces(*a, *b, 10, false);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->same);
  EXPECT_EQ(report->text,
            "option new differs\n- null\n+ true\n"
            "option seed differs\n- 1\n+ null\n"
            "input 0 differs\n"
            "- input-200 before event 1 after 0: \"x\"\n"
            "+ input-200 before event 1 after 0: \"y\"\n"
            "the same 17 events\n");
  const auto json = DiffTraces(*a, *b, 10, true);
  ASSERT_TRUE(json.ok());
  const auto parsed = nlohmann::json::parse(json->text, nullptr, false);
  EXPECT_EQ(parsed["same"], true);
  EXPECT_EQ(parsed["options"].size(), 2);
  EXPECT_EQ(parsed["input"]["index"], 0);
}

TEST(ReportTest, InfoSaysHowItEnded) {
  const std::string bytes = Recorded(Story(), {}, R"({"argv": ["a", "b"]})");
  const Recording whole(bytes, "whole");
  const auto info = TraceInfo(*whole, false);
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(*info, HasSubstr("ended          exit status 3\n"
                               "               one\n"
                               "               two\n"
                               "events         17\n"
                               "calls          3\n"));
  EXPECT_THAT(*info, HasSubstr("virtual time   3.000000000\n"));
  EXPECT_THAT(*info, HasSubstr("  argv           [\"a\",\"b\"]\n"));

  const Recording cut(bytes.substr(0, bytes.size() - 1), "cut");
  const auto cut_info = TraceInfo(*cut, true);
  ASSERT_TRUE(cut_info.ok());
  const auto json = nlohmann::json::parse(*cut_info, nullptr, false);
  EXPECT_EQ(json["complete"], false);
  EXPECT_GT(json["lost_bytes"], 0);
  EXPECT_EQ(json["digest"], SummarizeTrace(*whole)->digest.ToString());
}

TEST(ReportTest, StatsCountCalls) {
  const Recording recording(Recorded(Story()));
  const auto stats = TraceStats(*recording, true);
  ASSERT_TRUE(stats.ok());
  const auto json = nlohmann::json::parse(*stats, nullptr, false);
  EXPECT_EQ(json["calls"], 3);
  EXPECT_EQ(json["syscalls"]["read"]["calls"], 1);
  EXPECT_EQ(json["syscalls"]["syscall_0x1f4"]["errors"], 1);
  EXPECT_EQ(json["kinds"]["switch"], 2);
  EXPECT_THAT(
      *TraceStats(*recording, false),
      HasSubstr("           1            1            0  syscall_0x1f4"));
}

TEST(ReportTest, FilesAreListedAndExtracted) {
  const Recording recording(Recorded(Story()));
  std::string text;
  const auto sink = [&text](absl::string_view part) {
    text.append(part.data(), part.size());
    return true;
  };
  ASSERT_TRUE(ListFiles(*recording, false, sink).ok());
  EXPECT_THAT(text, HasSubstr(" 100644 \"/a\\nfile\"\n"));
  EXPECT_THAT(text, HasSubstr("- 040755 \"/directory\"\n"));
  for (const char* what : {"0", "/a\nfile"}) {
    text.clear();
    ASSERT_TRUE(ExtractFile(*recording, what, sink).ok());
    EXPECT_EQ(text, "content");
  }
  EXPECT_THAT(ExtractFile(*recording, "/directory", sink).message(),
              HasSubstr("holds no file \"/directory\""));
  EXPECT_FALSE(ExtractFile(*recording, "1", sink).ok());
}

TEST(ChromeExportTest, MakesSlicesInstantsAndArrows) {
  const Recording recording(Recorded(Story()));
  std::string text;
  ASSERT_TRUE(ExportChrome(*recording, [&text](absl::string_view part) {
                text.append(part.data(), part.size());
                return true;
              }).ok());
  const auto json = nlohmann::json::parse(text, nullptr, false);
  ASSERT_TRUE(json.is_object());
  std::map<std::string, int> phases;
  for (const auto& event : json["traceEvents"]) {
    phases[event["ph"].get<std::string>()]++;
    if (event["name"] == "read") {
      EXPECT_EQ(event["ts"], 1000004.0);
      EXPECT_EQ(event["dur"], 1999996.0);
      EXPECT_EQ(event["args"]["arg1"], "0x2000");
    }
    if (event["ph"] == "f") {
      EXPECT_EQ(event["tid"], 3);
    }
  }
  EXPECT_EQ(phases["X"], 3);
  EXPECT_EQ(phases["i"], 6);
  EXPECT_EQ(phases["s"], 1);
  EXPECT_EQ(phases["f"], 1);
  EXPECT_EQ(phases["M"], 2);
}

}  // namespace
}  // namespace emu
