// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/block.h"

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "arch/base/digest.h"
#include "emu/trace/trace_reader.h"
#include "emu/trace/wire.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::HasSubstr;

// `after` what a writer begins a file with.
std::string FileWith(absl::string_view after) {
  std::string bytes;
  MemorySink sink(&bytes);
  BlockWriter writer(sink);
  writer.Write(BlockType::kOptions, 1, 0, "{}", Compression());
  writer.Flush();
  bytes.append(after.data(), after.size());
  return bytes;
}

std::string BlockOf(const BlockHeader& like, absl::string_view payload) {
  BlockHeader header = like;
  header.raw_size = header.stored_size = payload.size();
  header.checksum = Digest(payload.data(), payload.size());
  std::string bytes;
  AppendBlockHeader(bytes, header);
  return bytes.append(payload.data(), payload.size());
}

std::string ErrorOf(const std::string& bytes) {
  const auto reader =
      TraceReader::Open(std::make_unique<MemorySource>(bytes), "FILE");
  return std::string(reader.status().message());
}

// What docs/trace_format.md says of it. A change here needs a new version.
TEST(BlockTest, HasTheDocumentedLayout) {
  EXPECT_EQ(absl::BytesToHexString(FileWith("")),
            "89454d550d0a1a0a"
            "03000000"
            "ea616d4c"
            "01"
            "00"
            "0000"
            "02000000"
            "02000000"
            "01000000"
            "0000000000000000"
            "165c7027e1cd4913"
            "e31ad6a75561974e"
            "7b7d");
}

TEST(BlockTest, RefusesFilesThatAreNone) {
  EXPECT_EQ(ErrorOf(""), "FILE: the file is empty");
  EXPECT_EQ(ErrorOf("\177ELF\2\1\1"), "FILE: this is not a recording of emu");
  EXPECT_EQ(ErrorOf(std::string(1000, '\0')),
            "FILE: this is not a recording of emu");
  EXPECT_THAT(ErrorOf(FileWith("").substr(0, 10)), HasSubstr("cut short"));
  EXPECT_THAT(ErrorOf(FileWith("").substr(0, 16)), HasSubstr("cut short"));
}

TEST(BlockTest, NamesTheVersionOfTheFuture) {
  std::string bytes = FileWith("");
  bytes[8] = 7;
  EXPECT_EQ(ErrorOf(bytes), "FILE: the recording is damaged at byte 8");
  const auto sum = static_cast<uint32_t>(Digest(bytes.data(), 12));
  bytes.replace(12, 4, reinterpret_cast<const char*>(&sum), 4);
  EXPECT_EQ(ErrorOf(bytes),
            "FILE: this recording has version 7 of the format, and this emu "
            "reads version 3");
}

TEST(BlockTest, SkipsUnknownBlocksThatSayThatTheyMayBe) {
  const auto type = static_cast<BlockType>(99);
  EXPECT_EQ(ErrorOf(FileWith(BlockOf(
                {.type = type, .flags = BlockHeader::kIgnorable}, "whatever"))),
            "");
  EXPECT_THAT(ErrorOf(FileWith(BlockOf({.type = type}, "whatever"))),
              HasSubstr("type 99"));
}

TEST(BlockTest, SaysWhereTheDamageIs) {
  const BlockHeader options = {
      .type = BlockType::kOptions, .count = 1, .first = 1};
  const std::string second = BlockOf(options, " ");
  EXPECT_EQ(ErrorOf(FileWith(second)), "");
  const size_t at = FileWith("").size();
  std::string bytes = FileWith(second);
  bytes[at + 16] ^= 1;
  EXPECT_EQ(ErrorOf(bytes),
            "FILE: the recording is damaged at byte " + std::to_string(at));
  bytes = FileWith(second);
  bytes.back() ^= 1;
  EXPECT_EQ(ErrorOf(bytes), "FILE: the recording is damaged at byte " +
                                std::to_string(at + kBlockHeaderSize));
  // The same block again: its number is not the next.
  EXPECT_EQ(ErrorOf(FileWith(second + second)),
            "FILE: the recording is damaged at byte " +
                std::to_string(at + second.size()));
}

TEST(BlockTest, TakesZeroesBehindTheLastBlockForACut) {
  EXPECT_EQ(ErrorOf(FileWith(std::string(5000, '\0'))), "");
  EXPECT_THAT(ErrorOf(FileWith(std::string(5000, '\1'))),
              HasSubstr("is damaged at byte"));
}

TEST(BlockTest, RefusesNestedJsonThatNobodyWrote) {
  const BlockHeader options = {
      .type = BlockType::kOptions, .count = 1, .first = 0};
  std::string bytes = EncodeFileHeader();
  bytes += BlockOf(options, "{\"a\":" + std::string(100'000, '[') +
                                std::string(100'000, ']') + "}");
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("is damaged at byte 16"));
}

TEST(WireTest, VarintsHaveOneSpelling) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128},
                               uint64_t{1} << 63, UINT64_MAX}) {
    std::string bytes;
    AppendVarint(bytes, value);
    absl::string_view rest = bytes;
    uint64_t read = 0;
    EXPECT_TRUE(TakeVarint(rest, &read));
    EXPECT_EQ(read, value);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
  EXPECT_EQ(ZigZag(static_cast<uint64_t>(-1)), 1);
  for (const absl::string_view wrong :
       {absl::string_view("\x80\x00", 2), absl::string_view("\x80", 1),
        absl::string_view(""),
        absl::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")}) {
    absl::string_view rest = wrong;
    uint64_t read = 0;
    EXPECT_FALSE(TakeVarint(rest, &read)) << absl::CHexEscape(wrong);
  }
}

}  // namespace
}  // namespace emu
