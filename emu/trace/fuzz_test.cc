// SPDX-License-Identifier: Apache-2.0
//
// A million damaged recordings: whatever a file holds, the reader gives what
// can be read of it or one error, within the format's memory.

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "arch/base/digest.h"
#include "emu/trace/block.h"
#include "emu/trace/trace_reader.h"
#include "emu/trace/trace_writer.h"
#include "emu/trace/wire.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr int kFiles = 1'000'000;
constexpr long kMostMemory = 256 << 10;  // in KiB

using Random = std::mt19937_64;

TraceEvent RandomEvent(Random& random, int64_t time) {
  TraceEvent event{.kind = static_cast<EventKind>(random() % kEventKinds),
                   .tid = static_cast<int32_t>(random() % 3 + 2),
                   .time = time,
                   .number = random() % 300,
                   .result = static_cast<int64_t>(random() % 100) - 50,
                   .digest = static_cast<uint32_t>(random() % 5)};
  for (uint64_t& arg : event.args) arg = random() >> (random() % 64);
  return event;
}

// A recording that holds every kind of block, some of them packed and some not.
std::string Seed(int number) {
  Random random(number);
  std::string bytes;
  auto writer = TraceWriter::Create(
      std::make_unique<MemorySink>(&bytes),
      {.options = number % 2 == 0
                      ? R"({"argv": ["a"], "seed": [1, {"x": null}]})"
                      : "{\"env\": \"" + std::string(200, 'e') + "\"}"});
  for (int block = 0; block < 3; ++block) {
    const ContentId id = (*writer)->AddContent(
        std::string(random() % 400, static_cast<char>('a' + block)));
    (*writer)->AddFile({"/file" + std::to_string(block), 0100644, 7, id});
    for (int i = 0; i < 1 << (number % 6); ++i) {
      (*writer)->AddInput({static_cast<InputKind>(random() % 20),
                           (*writer)->totals().events, random() % 3,
                           std::string(random() % 40, 'i')});
      (*writer)->AddExcerpt({(*writer)->totals().events,
                             static_cast<int32_t>(random() % 3 + 2),
                             random() >> (random() % 64),
                             std::string(random() % 40, 'p')});
      TraceEvent event = RandomEvent(random, block * 1000 + i);
      (*writer)->AddEvent(event);
      event.kind = EventKind::kExit;
      (*writer)->AddEvent(event);
    }
    EXPECT_TRUE((*writer)->Flush().ok());
  }
  if (number % 3 != 0) {
    EXPECT_TRUE((*writer)->Finish({.status = 1, .message = "m"}).ok());
  }
  return bytes;
}

// One with a payload that is larger than its block: a content, in several
// chunks that are one.
std::string LargeSeed() {
  std::string bytes;
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes), {});
  (*writer)->AddInput(
      {static_cast<InputKind>(1), 0, 0, std::string(3 * kChunkSize + 5, 'x')});
  EXPECT_TRUE((*writer)->Finish({}).ok());
  return bytes;
}

// A recording taken apart.
struct Block {
  BlockHeader header;
  std::string payload;
};

std::vector<Block> Split(const std::string& bytes) {
  std::vector<Block> blocks;
  size_t at = kFileHeaderSize;
  while (at + kBlockHeaderSize <= bytes.size()) {
    Block block;
    EXPECT_TRUE(ParseBlockHeader(&bytes[at], &block.header));
    block.payload =
        bytes.substr(at + kBlockHeaderSize, block.header.stored_size);
    at += kBlockHeaderSize + block.header.stored_size;
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::string Join(const std::vector<Block>& blocks) {
  std::string bytes = EncodeFileHeader();
  for (Block block : blocks) {
    block.header.checksum = Digest(block.payload.data(), block.payload.size());
    AppendBlockHeader(bytes, block.header);
    bytes += block.payload;
  }
  return bytes;
}

void MutateBytes(Random& random, std::string& bytes) {
  if (bytes.empty()) bytes.push_back('\0');
  for (int n = 1 + random() % 3; n > 0; --n) {
    const size_t at = random() % bytes.size();
    switch (random() % 6) {
      case 0:
        bytes[at] ^= 1 << (random() % 8);
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes[at] = static_cast<char>(random() % 2 == 0 ? 0xff : 0);
        break;
      case 3:
        bytes.insert(at, random() % 9, static_cast<char>(random()));
        break;
      case 4:
        bytes.erase(at, 1 + random() % 9);
        break;
      default:
        bytes.resize(at);
        break;
    }
    if (bytes.empty()) return;
  }
}

uint64_t RandomNumber(Random& random) {
  constexpr uint64_t kNumbers[] = {
      0,       1,        2,          0x7f,       0xffff,     0x10000,   0x10001,
      0xfffff, 0x100000, 0x7fffffff, 0xffffffff, 1ull << 63, UINT64_MAX};
  return random() % 2 == 0 ? random() % 300
                           : kNumbers[random() % std::size(kNumbers)];
}

void MutateHeader(Random& random, BlockHeader& header) {
  switch (random() % 6) {
    case 0:
      header.type = static_cast<BlockType>(random() % 10);
      break;
    case 1:
      header.flags = static_cast<uint8_t>(random() % 5);
      break;
    case 2:
      header.raw_size = static_cast<uint32_t>(RandomNumber(random));
      break;
    case 3:
      header.stored_size = static_cast<uint32_t>(RandomNumber(random));
      break;
    case 4:
      header.count = static_cast<uint32_t>(RandomNumber(random));
      break;
    default:
      header.first = RandomNumber(random);
      break;
  }
}

// Changes that checksums do not betray.
std::string MutateBlocks(Random& random, std::vector<Block> blocks) {
  Block& block = blocks[random() % blocks.size()];
  switch (random() % 8) {
    case 0:
      MutateHeader(random, block.header);
      break;
    case 1:
      std::swap(block, blocks[random() % blocks.size()]);
      break;
    case 2:
      blocks.erase(blocks.begin() + (&block - blocks.data()));
      break;
    case 3:
      blocks.push_back(block);
      break;
    default:
      MutateBytes(random, block.payload);
      block.header.stored_size = block.payload.size();
      if (!(block.header.flags & BlockHeader::kPacked)) {
        block.header.raw_size = block.payload.size();
      }
      break;
  }
  return Join(blocks);
}

// As blocks whose payloads are not packed, so that changes reach what they
// hold.
std::vector<Block> Unpacked(const std::string& bytes) {
  const std::string name = "seed";
  const MemorySource source(bytes);
  const BlockReader reader(source, name);
  std::vector<Block> blocks = Split(bytes);
  uint64_t at = kFileHeaderSize;
  for (Block& block : blocks) {
    const uint64_t offset = at;
    at += kBlockHeaderSize + block.header.stored_size;
    block.payload = *reader.Read(offset, block.header.type, &block.header);
    block.header.flags = 0;
    block.header.stored_size = block.header.raw_size;
  }
  return blocks;
}

// Reads all that there is, up to the first error.
bool ReadAll(const std::string& bytes) {
  const auto opened =
      TraceReader::Open(std::make_unique<MemorySource>(bytes), "file");
  if (!opened.ok()) {
    EXPECT_FALSE(opened.status().message().empty());
    return false;
  }
  const TraceReader& reader = **opened;
  bool ok = true;
  const auto drain = [&ok](auto cursor) {
    while (true) {
      const auto next = cursor.Next();
      ok &= next.ok();
      if (!next.ok() || !*next) return;
    }
  };
  drain(EventCursor(reader));
  drain(InputCursor(reader));
  drain(FileCursor(reader));
  drain(ExcerptCursor(reader));
  for (ContentId id = 0; id < std::min<uint64_t>(reader.totals().contents, 8);
       ++id) {
    ok &= reader.ReadContent(id, kLargestPayload).ok();
  }
  return ok;
}

TEST(TraceFuzzTest, DamagedFilesAreReadOrRefused) {
  std::vector<std::string> seeds;
  std::vector<std::vector<Block>> blocks;
  for (int i = 0; i < 6; ++i) seeds.push_back(Seed(i));
  for (const std::string& seed : seeds) {
    EXPECT_TRUE(ReadAll(seed));
    blocks.push_back(Split(seed));
    blocks.push_back(Unpacked(seed));
    EXPECT_TRUE(ReadAll(Join(blocks.back())));
  }
  Random random(1);
  int read = 0;
  for (int i = 0; i < kFiles; ++i) {
    if (random() % 4 == 0) {
      std::string bytes = seeds[random() % seeds.size()];
      MutateBytes(random, bytes);
      read += ReadAll(bytes);
    } else {
      read += ReadAll(MutateBlocks(random, blocks[random() % blocks.size()]));
    }
  }
  // Both ends are seen often.
  EXPECT_GT(read, kFiles / 100);
  EXPECT_LT(read, kFiles / 2);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, kMostMemory);
}

TEST(TraceFuzzTest, LargePayloadsAreBounded) {
  const std::string seed = LargeSeed();
  EXPECT_TRUE(ReadAll(seed));
  const std::vector<Block> blocks = Unpacked(seed);
  Random random(1);
  for (int i = 0; i < 500; ++i) ReadAll(MutateBlocks(random, blocks));

  // Says that it has as many bytes as a recording's chunks could ever have.
  std::vector<Block> bomb = Split(seed);
  for (Block& block : bomb) {
    if (block.header.type != BlockType::kContent) continue;
    std::string payload;
    AppendVarint(payload, uint64_t{kChunkSize} * 3 * 1000);
    payload.append(16, '\0');
    for (int i = 0; i < 1000 * 3; ++i) payload.append("\0\1", 2);
    block = {.header = block.header, .payload = payload};
    block.header.raw_size = block.header.stored_size = payload.size();
    block.header.flags = 0;
  }
  const std::string bytes = Join(bomb);
  const auto reader =
      TraceReader::Open(std::make_unique<MemorySource>(bytes), "file");
  ASSERT_TRUE(reader.ok());
  EXPECT_FALSE(InputCursor(**reader).Next().ok());
}

}  // namespace
}  // namespace emu
