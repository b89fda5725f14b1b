// SPDX-License-Identifier: Apache-2.0

#include "emu/record/content_prefetcher.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "emu/trace/block.h"
#include "emu/trace/trace_writer.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

// A content of so many bytes that is like no other.
std::string Content(int number, size_t size) {
  std::mt19937 random(number);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string Recording(const std::vector<std::string>& contents) {
  std::string bytes;
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes), {});
  for (const std::string& content : contents) (*writer)->AddContent(content);
  EXPECT_TRUE((*writer)->Finish({}).ok());
  return bytes;
}

class ContentPrefetcherTest : public testing::Test {
 protected:
  void Open(const std::string& recording, ContentPrefetcher::Limits limits) {
    recording_ = recording;
    auto reader = TraceReader::Open(std::make_unique<MemorySource>(recording_),
                                    "the file");
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
    store_ = *ContentStore::Create();
    prefetcher_ =
        std::make_unique<ContentPrefetcher>(*reader_, *store_, limits);
    ASSERT_TRUE(prefetcher_->Start(-1).ok());
  }
  // What is held of a content, which is gone then; nothing if it is not all.
  std::string Read(const ContentPrefetcher::Unpacked& unpacked) {
    if (!unpacked.slot) return unpacked.bytes;
    std::string bytes(unpacked.size, '\0');
    EXPECT_TRUE(
        store_->Read(*unpacked.slot, 0, absl::MakeSpan(bytes)).ok());
    store_->Release(*unpacked.slot);
    return bytes;
  }

  std::string recording_;
  std::unique_ptr<TraceReader> reader_;
  std::unique_ptr<ContentStore> store_;
  std::unique_ptr<ContentPrefetcher> prefetcher_;
};

TEST_F(ContentPrefetcherTest, GivesContentsInTheirOrder) {
  std::vector<std::string> contents;
  for (int i = 0; i < 20; ++i) contents.push_back(Content(i, i * 40'000));
  Open(Recording(contents), {});
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), contents.size());
  for (ContentId i = 0; i < contents.size(); ++i) {
    const auto taken = prefetcher_->Take(i);
    ASSERT_TRUE(taken) << i;
    EXPECT_EQ(taken->slot.has_value(),
              contents[i].size() > ContentStore::kLargestString);
    EXPECT_TRUE(Read(*taken) == contents[i]) << i;
  }
  EXPECT_FALSE(prefetcher_->Take(20));
}

TEST_F(ContentPrefetcherTest, DropsWhatWasPassedOver) {
  std::vector<std::string> contents;
  for (int i = 0; i < 10; ++i) contents.push_back(Content(i, 1000));
  Open(Recording(contents), {.bytes = 5000, .batch = 1});
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 5u);
  const auto taken = prefetcher_->Take(3);
  ASSERT_TRUE(taken);
  EXPECT_EQ(Read(*taken), contents[3]);
  EXPECT_FALSE(prefetcher_->Take(1));
  EXPECT_FALSE(prefetcher_->Take(3));
  // Its room is there for others.
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 5u);
  EXPECT_TRUE(prefetcher_->Take(8));
}

TEST_F(ContentPrefetcherTest, LeavesAloneWhatTheReplayIsAheadWith) {
  std::vector<std::string> contents;
  for (int i = 0; i < 10; ++i) contents.push_back(Content(i, 1000));
  Open(Recording(contents), {.bytes = 1000, .batch = 1});
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 1u);
  EXPECT_FALSE(prefetcher_->Take(5));
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 1u);
  const auto taken = prefetcher_->Take(6);
  ASSERT_TRUE(taken);
  EXPECT_EQ(Read(*taken), contents[6]);
}

TEST_F(ContentPrefetcherTest, StopsAtItsLimits) {
  std::vector<std::string> contents;
  for (int i = 0; i < 100; ++i) contents.push_back(Content(i, 1000));
  const std::string recording = Recording(contents);
  for (const auto& [limits, most] :
       {std::pair{ContentPrefetcher::Limits{.bytes = 2500, .batch = 1}, 3},
        std::pair{ContentPrefetcher::Limits{.contents = 7, .batch = 1}, 7}}) {
    Open(recording, limits);
    for (ContentId i = 0; i < 90; ++i) {
      EXPECT_EQ(prefetcher_->WaitUntilIdle(), static_cast<size_t>(most));
      const auto taken = prefetcher_->Take(i);
      ASSERT_TRUE(taken);
    }
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, GoesOnWhenABatchOrHalfWereTaken) {
  std::vector<std::string> contents;
  for (int i = 0; i < 100; ++i) contents.push_back(Content(i, 1000));
  const std::string recording = Recording(contents);
  for (const auto& [limits, full, taken] :
       {std::tuple{ContentPrefetcher::Limits{.bytes = 1 << 20,
                                             .contents = 20,
                                             .batch = 4},
                   20, 4},
        std::tuple{ContentPrefetcher::Limits{.bytes = 10'000, .batch = 90}, 10,
                   5}}) {
    Open(recording, limits);
    for (ContentId i = 0; i < 3u * taken; ++i) {
      const int since = static_cast<int>(i) % taken;
      EXPECT_EQ(prefetcher_->WaitUntilIdle(), static_cast<size_t>(full - since));
      const auto taken = prefetcher_->Take(i);
      ASSERT_TRUE(taken);
    }
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, PassesOverWhatIsTooLarge) {
  Open(Recording({Content(0, 100), Content(1, 1'000'000), Content(2, 100)}),
       {.bytes = 500'000});
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 2u);
  EXPECT_TRUE(prefetcher_->Take(0));
  EXPECT_FALSE(prefetcher_->Take(1));
  EXPECT_TRUE(prefetcher_->Take(2));
}

// Whether it has begun or not, and however far it is: all of it, or nothing.
TEST_F(ContentPrefetcherTest, HelpsWithWhatIsBeingUnpacked) {
  const std::string large = Content(0, 10'000'000);
  const std::string recording = Recording({large});
  for (int round = 0; round <= 40; ++round) {
    Open(recording, {});
    usleep(100 * round);
    if (round == 40) prefetcher_->WaitUntilIdle();
    const auto content = prefetcher_->Take(0);
    EXPECT_TRUE(content || round < 40);
    if (content) {
      EXPECT_TRUE(Read(*content) == large);
    }
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, HelpsWithADamagedContentToItsEnd) {
  std::string recording = Recording({Content(0, 10'000'000)});
  recording[5'000'000] ^= 1;
  for (int round = 0; round < 40; ++round) {
    Open(recording, {});
    usleep(100 * round);
    EXPECT_FALSE(prefetcher_->Take(0));
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, UnpacksTogetherWhatItIsAskedFor) {
  // The first is being unpacked meanwhile; the second it would not begin.
  const std::vector<std::string> contents = {Content(0, 5'000'000),
                                             Content(1, 10'000'000)};
  const std::string recording = Recording(contents);
  for (int round = 0; round < 20; ++round) {
    Open(recording, {.bytes = 6'000'000});
    usleep(200 * round);
    ContentPrefetcher::Unpacked unpacked = {
        .content = 1, .size = contents[1].size(), .slot = store_->New()};
    std::vector<uint64_t> chunks;
    for (uint64_t i = 0; i * kChunkSize < unpacked.size; ++i) chunks.push_back(i);
    EXPECT_TRUE(prefetcher_->UnpackTogether(1, *unpacked.slot, chunks));
    EXPECT_TRUE(Read(unpacked) == contents[1]);
    const auto first = prefetcher_->Take(0);
    if (first) {
      EXPECT_TRUE(Read(*first) == contents[0]);
    }
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, SaysThatItCanNotUnpackWhatItIsAskedFor) {
  std::string recording = Recording({Content(0, 10'000'000)});
  recording[5'000'000] ^= 1;
  for (int round = 0; round < 20; ++round) {
    Open(recording, {.bytes = 1'000'000});
    const ContentStore::Slot slot = store_->New();
    std::vector<uint64_t> chunks;
    for (uint64_t i = 0; i < 38; ++i) chunks.push_back(i);
    EXPECT_FALSE(prefetcher_->UnpackTogether(0, slot, chunks));
    EXPECT_TRUE(prefetcher_->UnpackTogether(0, slot, {0, 1}));
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, GivesTheMemoryBackAtTheEnd) {
  const std::string recording =
      Recording({Content(0, 1'000'000), Content(1, 1'000'000)});
  for (const bool idle : {false, true}) {
    Open(recording, {});
    if (idle) prefetcher_->WaitUntilIdle();
    const auto taken = prefetcher_->Take(0);
    prefetcher_->Discard();
    EXPECT_FALSE(prefetcher_->Take(1));
    if (taken && taken->slot) store_->Release(*taken->slot);
    prefetcher_.reset();
    struct stat memory;
    ASSERT_EQ(fstat(store_->fd(), &memory), 0);
    EXPECT_EQ(memory.st_blocks, 0);
  }
}

TEST_F(ContentPrefetcherTest, EndsInTheMiddle) {
  std::vector<std::string> contents;
  for (int i = 0; i < 20; ++i) contents.push_back(Content(i, 1'000'000));
  const std::string recording = Recording(contents);
  for (int ready = 0; ready < 5; ++ready) {
    Open(recording, {});
    if (ready == 4) prefetcher_->WaitUntilIdle();
    if (ready > 0) prefetcher_->Take(ready);
    prefetcher_.reset();
  }
}

TEST_F(ContentPrefetcherTest, GivesNothingOfADamagedContent) {
  const std::vector<std::string> contents = {Content(0, 300'000),
                                             Content(1, 5000)};
  const std::string good = Recording(contents);
  std::mt19937 random(1);
  int given = 0;
  for (int round = 0; round < 300; ++round) {
    std::string recording = good;
    recording[random() % recording.size()] ^= static_cast<char>(1 << random() % 8);
    if (!TraceReader::Open(std::make_unique<MemorySource>(recording), "").ok()) {
      continue;
    }
    Open(recording, {});
    prefetcher_->WaitUntilIdle();
    for (ContentId i = 0; i < 2; ++i) {
      const auto taken = prefetcher_->Take(i);
      if (!taken) continue;
      ++given;
      // What the digests let through is what was written.
      EXPECT_TRUE(Read(*taken) == contents[i]);
    }
    prefetcher_.reset();
  }
  EXPECT_GT(given, 0);
}

// A recording whose contents say that they are larger than anything.
TEST_F(ContentPrefetcherTest, HoldsAgainstContentsWithoutEnd) {
  std::string recording;
  MemorySink sink(&recording);
  BlockWriter blocks(sink);
  blocks.Write(BlockType::kOptions, 1, 0, "{}", Compression());
  blocks.Write(BlockType::kChunk, 1, 0, std::string(kChunkSize, 'x'),
               Compression());
  std::string payload("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
  payload.append(16, '\0');
  for (int i = 0; i < 100'000; ++i) payload.append("\0\x01", 2);
  for (ContentId i = 0; i < 50; ++i) {
    blocks.Write(BlockType::kContent, 1, i, payload, Compression());
  }
  blocks.Flush();
  Open(recording, {});
  EXPECT_EQ(prefetcher_->WaitUntilIdle(), 0u);
  for (ContentId i = 0; i < 60; ++i) EXPECT_FALSE(prefetcher_->Take(i));
}

}  // namespace
}  // namespace emu
