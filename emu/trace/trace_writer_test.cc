// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_writer.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "arch/host/test_directory.h"
#include "emu/trace/block.h"
#include "emu/trace/trace_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

std::unique_ptr<TraceWriter> NewWriter(std::string* bytes,
                                       const std::string& options = "{}") {
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(bytes),
                                    {.options = options});
  EXPECT_TRUE(writer.ok()) << writer.status();
  return *std::move(writer);
}

std::unique_ptr<TraceReader> Open(const std::string& bytes) {
  auto reader =
      TraceReader::Open(std::make_unique<MemorySource>(bytes), "the file");
  EXPECT_TRUE(reader.ok()) << reader.status();
  return *std::move(reader);
}

template <typename Cursor>
auto All(const TraceReader& reader) {
  Cursor cursor(reader);
  std::vector<typename std::decay_t<decltype(*cursor.Next())>::value_type> all;
  while (true) {
    auto next = cursor.Next();
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !*next) return all;
    all.push_back(**std::move(next));
  }
}

// Events of every kind with every field, in no order that a kernel would tell.
std::vector<TraceEvent> RandomEvents(int n) {
  std::mt19937_64 random(1);
  const auto number = [&random]() -> uint64_t {
    return random() >> (random() % 65 % 64);
  };
  std::vector<TraceEvent> events;
  for (int i = 0; i < n; ++i) {
    TraceEvent event{.kind = static_cast<EventKind>(random() % kEventKinds),
                     .tid = static_cast<int32_t>(number()),
                     .time = static_cast<int64_t>(number()),
                     .number = number(),
                     .result = static_cast<int64_t>(number()),
                     .digest = static_cast<uint32_t>(number())};
    for (uint64_t& arg : event.args) arg = number();
    if (!events.empty() && random() % 4 == 0) {
      // A call that ends at once.
      events.back().kind = EventKind::kEnter;
      events.back().result = 0;
      event.kind = EventKind::kExit;
      event.tid = events.back().tid;
      event.number = events.back().number;
      event.args = events.back().args;
    }
    events.push_back(event);
  }
  return events;
}

TEST(TraceWriterTest, GivesEveryEventBack) {
  const std::vector<TraceEvent> events = RandomEvents(100'000);
  std::string bytes;
  auto writer = NewWriter(&bytes);
  for (size_t i = 0; i < events.size(); ++i) {
    writer->AddEvent(events[i]);
    if (i % 1234 == 0) {
      EXPECT_TRUE(writer->Flush().ok());
    }
  }
  ASSERT_TRUE(writer->Finish({.status = 7, .message = "why"}).ok());
  const auto reader = Open(bytes);
  EXPECT_TRUE(All<EventCursor>(*reader) == events);
  EXPECT_EQ(reader->totals().events, events.size());
  EXPECT_EQ(reader->totals().bytes, bytes.size());
  EXPECT_EQ(reader->totals().calls, writer->totals().calls);
  EXPECT_EQ(reader->totals().time, events.back().time);
  ASSERT_TRUE(reader->end());
  EXPECT_EQ(reader->end()->status, 7);
  EXPECT_EQ(reader->end()->message, "why");
  EXPECT_EQ(*reader->digest(), writer->digest());
}

TEST(TraceWriterTest, GivesEveryInputBack) {
  std::mt19937_64 random(2);
  std::vector<InputRecord> inputs;
  for (int i = 0; i < 2000; ++i) {
    inputs.push_back({static_cast<InputKind>(random() % 256),
                      static_cast<uint64_t>(i / 2) << (i > 1900 ? 50 : 0),
                      random() % 3,
                      std::string(random() % (i % 100 == 0 ? 300'000 : 300),
                                  static_cast<char>(random()))});
  }
  std::string bytes;
  auto writer = NewWriter(&bytes);
  for (const InputRecord& input : inputs) writer->AddInput(input);
  ASSERT_TRUE(writer->Finish({}).ok());
  const auto reader = Open(bytes);
  EXPECT_TRUE(All<InputCursor>(*reader) == inputs);
}

TEST(TraceWriterTest, GivesEveryExcerptBack) {
  std::mt19937_64 random(4);
  std::vector<Excerpt> excerpts;
  for (uint64_t i = 0; i < 5000; ++i) {
    excerpts.push_back(
        {i / 3 << (i > 4900 ? 50 : 0), static_cast<int32_t>(random()), random(),
         std::string(random() % 200, static_cast<char>(random()))});
  }
  excerpts.back().bytes.assign(4096, 'x');
  std::string bytes;
  auto writer = NewWriter(&bytes);
  for (const Excerpt& excerpt : excerpts) writer->AddExcerpt(excerpt);
  ASSERT_TRUE(writer->Finish({}).ok());
  EXPECT_TRUE(All<ExcerptCursor>(*Open(bytes)) == excerpts);
}

TEST(TraceWriterTest, StoresEqualContentsOnce) {
  std::string random(1'000'000, '\0');
  std::mt19937_64 bits(3);
  for (char& c : random) c = static_cast<char>(bits());
  std::string bytes;
  auto writer = NewWriter(&bytes);
  const ContentId id = writer->AddContent(random);
  const uint64_t once = writer->totals().bytes;
  // Another content, of the same chunks.
  const ContentId again = writer->AddContent(random);
  EXPECT_NE(again, id);
  EXPECT_LT(writer->totals().bytes, once + 100);
  // All chunks but the last are there.
  const ContentId longer = writer->AddContent(random + "more");
  EXPECT_NE(longer, id);
  EXPECT_LT(writer->totals().bytes, once + 256 * 1024);
  const ContentId none = writer->AddContent("");
  ASSERT_TRUE(writer->Finish({}).ok());

  const auto reader = Open(bytes);
  EXPECT_EQ(*reader->ReadContent(id, random.size()), random);
  EXPECT_EQ(*reader->ReadContent(again, random.size()), random);
  EXPECT_EQ(*reader->ReadContent(longer, 2 * random.size()), random + "more");
  EXPECT_EQ(*reader->ReadContent(none, 0), "");
  EXPECT_EQ(reader->Content(longer)->size, random.size() + 4);
  EXPECT_FALSE(reader->ReadContent(id, random.size() - 1).ok());
  EXPECT_FALSE(reader->Content(none + 1).ok());
  for (const size_t offset : {0, 1, 262143, 262144, 999'990}) {
    char part[100];
    const auto n = reader->ReadContent(id, offset, absl::MakeSpan(part));
    ASSERT_TRUE(n.ok());
    EXPECT_EQ(absl::string_view(part, *n), random.substr(offset, 100));
  }
}

TEST(TraceWriterTest, GivesFilesAndOptionsBack) {
  std::string bytes;
  const std::string options =
      "{\"text\":\"" + std::string(3'000'000, 'x') + "\"}";
  auto writer = NewWriter(&bytes, options);
  std::vector<RecordedFile> files;
  for (int i = 0; i < 10'000; ++i) {
    files.push_back({"/some/path/" + std::to_string(i), 0100644, -i,
                     i % 3 == 0 ? kNoContent : static_cast<ContentId>(i)});
    writer->AddFile(files.back());
  }
  ASSERT_TRUE(writer->Finish({}).ok());
  const auto reader = Open(bytes);
  EXPECT_EQ(reader->options(), options);
  EXPECT_TRUE(All<FileCursor>(*reader) == files);
}

// Whatever was written by then: its events, and all inputs before them.
TEST(TraceWriterTest, CanBeReadWhereverItWasCutShort) {
  std::string bytes;
  auto writer = NewWriter(&bytes, "{\"a\": 1}");
  const size_t start = bytes.size();
  const std::vector<TraceEvent> events = RandomEvents(300);
  for (size_t i = 0; i < events.size(); ++i) {
    writer->AddInput({static_cast<InputKind>(1), i, 0, std::to_string(i)});
    writer->AddEvent(events[i]);
    if (i % 100 == 99) {
      EXPECT_TRUE(writer->Flush().ok());
    }
  }
  ASSERT_TRUE(writer->Finish({}).ok());
  size_t most = 0;
  for (size_t size = start; size < bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    const auto reader = Open(part);
    EXPECT_FALSE(reader->end());
    const auto read = All<EventCursor>(*reader);
    EXPECT_TRUE(std::equal(read.begin(), read.end(), events.begin()));
    EXPECT_GE(reader->totals().inputs, read.size());
    EXPECT_GE(read.size(), most);
    most = read.size();
  }
  EXPECT_EQ(most, events.size());
  for (size_t size = 0; size < start; ++size) {
    const std::string part = bytes.substr(0, size);
    EXPECT_FALSE(
        TraceReader::Open(std::make_unique<MemorySource>(part), "").ok())
        << size;
  }
}

TEST(TraceWriterTest, WritesAndReadsFilesOfTheHost) {
  TestDirectory directory;
  auto writer = TraceWriter::Create(directory.Path("r"), {});
  ASSERT_TRUE(writer.ok());
  const ContentId id = (*writer)->AddContent("abc");
  const ContentId again = (*writer)->AddContent("abc");
  ASSERT_TRUE((*writer)->Finish({}).ok());
  auto reader = TraceReader::Open(directory.Path("r"));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*(*reader)->ReadContent(id, 10), "abc");
  EXPECT_EQ(*(*reader)->ReadContent(again, 10), "abc");

  EXPECT_THAT(TraceReader::Open(directory.path()).status().message(),
              HasSubstr("not a regular file"));
  EXPECT_THAT(TraceReader::Open(directory.Path("none")).status().message(),
              HasSubstr("No such file"));
  EXPECT_FALSE(TraceWriter::Create(directory.path(), {}).ok());
}

TEST(TraceWriterTest, RemembersThatTheDiskWasFull) {
  auto writer = TraceWriter::Create("/dev/full", {});
  EXPECT_THAT(writer.status().message(), HasSubstr("No space left on device"));
}

// All that a run adds, with blocks of every stream between each other.
void AddEverything(TraceWriter& writer) {
  const std::vector<TraceEvent> events = RandomEvents(20'000);
  for (size_t i = 0; i < events.size(); ++i) {
    if (i % 1000 == 0) {
      const ContentId id = writer.AddContent(
          std::string(300'000, static_cast<char>(i / 2000)));
      writer.AddFile({"/file", 0100644, 7, id});
      writer.AddInput({static_cast<InputKind>(1), i, 0,
                       std::string(i % 3000 == 0 ? 100'000 : 10, 'i')});
    }
    writer.AddEvent(events[i]);
    if (i % 3000 == 0) writer.Push();
  }
}

TEST(TraceWriterTest, WritesTheSameFileInTheBackground) {
  std::string files[2];
  for (const bool in_background : {false, true}) {
    auto writer =
        TraceWriter::Create(std::make_unique<MemorySink>(&files[in_background]),
                            {.in_background = in_background});
    ASSERT_TRUE(writer.ok());
    AddEverything(**writer);
    ASSERT_TRUE((*writer)->Finish({}).ok());
    EXPECT_EQ((*writer)->totals().bytes, files[in_background].size());
  }
  EXPECT_TRUE(files[0] == files[1]);
}

TEST(TraceWriterTest, WritesWhatIsBehindWhenItGoes) {
  std::string bytes;
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes),
                                    {.in_background = true});
  ASSERT_TRUE(writer.ok());
  AddEverything(**writer);
  (*writer)->Push();
  writer->reset();
  const auto reader = Open(bytes);
  EXPECT_FALSE(reader->end());
  EXPECT_EQ(reader->lost_bytes(), 0u);
  EXPECT_EQ(reader->totals().events, 20'000u);
  EXPECT_EQ(reader->totals().files, 20u);
}

// Bytes that may be fewer or more than was said; they are read only while the thread
// that made them waits, if that is asked for.
class AwaitedBytes : public ByteSource {
 public:
  AwaitedBytes(std::string bytes, uint64_t size, bool awaited)
      : bytes_(std::move(bytes)), size_(size), waiter_(awaited ? gettid() : 0) {}

  absl::StatusOr<uint64_t> Size() const override { return size_; }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    while (waiter_ != 0 && gettid() != waiter_ && !Waits()) {
      std::this_thread::yield();
    }
    return MemorySource(bytes_).ReadAt(offset, out);
  }

 private:
  // Its state is behind its name, proc(5).
  bool Waits() const {
    std::ifstream file("/proc/self/task/" + std::to_string(waiter_) + "/stat");
    std::string stat;
    std::getline(file, stat);
    return stat.substr(stat.rfind(')') + 1, 2) == " S";
  }

  const std::string bytes_;
  const uint64_t size_;
  const pid_t waiter_;
};

std::string RandomBytes(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  // Some can be compressed, and some cannot.
  for (char& byte : bytes) byte = static_cast<char>(random() % (size % 255 + 2));
  return bytes;
}

TEST(TraceWriterTest, WritesTheSameFileWithHelp) {
  std::vector<std::pair<std::string, uint64_t>> contents;
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{kChunkSize}, size_t{8 * kChunkSize},
        size_t{8 * kChunkSize - 1}, size_t{20 * kChunkSize + 4711}}) {
    contents.emplace_back(RandomBytes(size), size);
  }
  contents.emplace_back(std::string(5'000'000, '\0'), 5'000'000);
  contents.emplace_back(contents[5].first.substr(0, 3'000'000), 3'000'000);
  contents.emplace_back(RandomBytes(1'000'000), 4'000'000);  // cut since
  contents.emplace_back(RandomBytes(1'500'000), 600'000);    // grown since
  std::string files[2];
  for (const bool helped : {false, true}) {
    auto writer =
        TraceWriter::Create(std::make_unique<MemorySink>(&files[helped]),
                            {.in_background = helped});
    ASSERT_TRUE(writer.ok());
    for (const auto& [bytes, size] : contents) {
      (*writer)->AddContent(
          std::make_unique<AwaitedBytes>(bytes, size, helped));
    }
    ASSERT_TRUE((*writer)->Finish({}).ok());
    const auto reader = Open(files[helped]);
    for (size_t i = 0; i < contents.size(); ++i) {
      const auto id = static_cast<ContentId>(i);
      EXPECT_TRUE(*reader->ReadContent(id, 6'000'000) == contents[i].first)
          << i;
    }
  }
  EXPECT_TRUE(files[0] == files[1]);
}

TEST(TraceWriterTest, ReadsContentsThatAreInTheFile) {
  for (const bool in_background : {false, true}) {
    std::string bytes;
    auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes),
                                      {.in_background = in_background});
    ASSERT_TRUE(writer.ok());
    std::vector<std::string> contents;
    for (size_t i = 0; i < 100; ++i) {
      contents.push_back(RandomBytes(i % 7 * i % 13 * 100'000));
      ASSERT_EQ((*writer)->AddContent(contents.back()), i);
    }
    ASSERT_TRUE((*writer)->Flush().ok());
    EXPECT_TRUE((*writer)->HasContent(90));
    EXPECT_FALSE((*writer)->HasContent(100));
    (*writer)->AddContent(RandomBytes(3'000'000));
    for (size_t i = 0; i < 90; i += 3) {
      for (const size_t offset :
           {size_t{0}, contents[i].size() / 2, contents[i].size()}) {
        std::string out(700'000, '?');
        const auto n = (*writer)->ReadContent(static_cast<ContentId>(i), offset,
                                              absl::MakeSpan(out));
        ASSERT_TRUE(n.ok()) << n.status();
        EXPECT_EQ(*n, std::min(out.size(), contents[i].size() - offset));
        EXPECT_TRUE(out.substr(0, *n) == contents[i].substr(offset, *n));
      }
    }
    ASSERT_TRUE((*writer)->Finish({}).ok());
  }
}

// A disk with room for so many bytes.
class SmallDisk : public MemorySink {
 public:
  SmallDisk(std::string* bytes, size_t room)
      : MemorySink(bytes), bytes_(bytes), room_(room) {}
  absl::Status Append(absl::string_view bytes) override {
    const bool fits = bytes_->size() + bytes.size() <= room_;
    const auto status = MemorySink::Append(bytes.substr(
        0, std::min(bytes.size(), room_ - bytes_->size())));
    return fits ? status : absl::ResourceExhaustedError("the disk is full");
  }

 private:
  std::string* const bytes_;
  const size_t room_;
};

TEST(TraceWriterTest, TellsAtTheEndOfAFailureInTheBackground) {
  for (const size_t room : {100, 1000, 10'000, 200'000}) {
    std::string bytes;
    auto writer = TraceWriter::Create(std::make_unique<SmallDisk>(&bytes, room),
                                      {.in_background = true});
    ASSERT_TRUE(writer.ok());
    AddEverything(**writer);
    EXPECT_THAT((*writer)->Finish({}).message(), HasSubstr("disk is full"));
    EXPECT_THAT((*writer)->status().message(), HasSubstr("disk is full"));
    EXPECT_EQ(bytes.size(), room);
    // What there was room for can be read.
    const auto reader = Open(bytes);
    EXPECT_FALSE(reader->end());
    const std::vector<TraceEvent> events = RandomEvents(20'000);
    const auto read = All<EventCursor>(*reader);
    EXPECT_TRUE(std::equal(read.begin(), read.end(), events.begin()));
    for (const RecordedFile& file : All<FileCursor>(*reader)) {
      EXPECT_TRUE(reader->Content(file.content).ok());
    }
  }
}

class UnreadableBytes : public ByteSource {
 public:
  absl::StatusOr<uint64_t> Size() const override { return 10; }
  absl::StatusOr<size_t> ReadAt(uint64_t, absl::Span<char>) const override {
    return absl::DataLossError("nothing to be read");
  }
};

TEST(TraceWriterTest, IsCutShortByAContentThatCannotBeRead) {
  for (const bool in_background : {false, true}) {
    std::string bytes;
    auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes),
                                      {.in_background = in_background});
    ASSERT_TRUE(writer.ok());
    (*writer)->AddContent("before");
    (*writer)->AddContent(std::make_unique<UnreadableBytes>());
    (*writer)->AddContent("behind");
    EXPECT_EQ((*writer)->Finish({}).message(), "nothing to be read");
    EXPECT_EQ(Open(bytes)->totals().contents, 1u);
  }
}

}  // namespace
}  // namespace emu
