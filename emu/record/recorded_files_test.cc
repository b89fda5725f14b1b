// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recorded_files.h"

#include <map>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace emu {
namespace {

// Its recording is a map.
class TestFiles : public RecordedFiles {
 public:
  TestFiles(ContentStore& store, uint64_t most_held)
      : RecordedFiles(store, most_held) {}

  HostFileId AddString(ContentId content, const std::string& bytes) {
    recorded[content] = bytes;
    return Add({.bytes = std::make_shared<const std::string>(bytes),
                .content = content,
                .node = {.size = bytes.size()}});
  }
  HostFileId AddSlot(ContentId content, const std::string& bytes) {
    recorded[content] = bytes;
    const ContentStore::Slot slot = store().New();
    EXPECT_TRUE(store().Write(slot, 0, absl::MakeConstSpan(bytes)).ok());
    return Add({.slot = store().Settle(slot, content),
                .content = content,
                .node = {.size = bytes.size()}});
  }
  bool IsDropped(HostFileId id) { return Find(id)->dropped; }
  std::string ReadDroppedFile(HostFileId id, uint64_t offset, size_t n) {
    std::string out(n, '?');
    EXPECT_TRUE(ReadDropped(*Find(id), offset, absl::MakeSpan(out)).ok());
    return out;
  }
  // What a guest would map.
  std::string Map(HostFileId id) {
    OpenedFile& file = *Find(id);
    EXPECT_TRUE(MoveToStore(file).ok());
    Pin(file);
    std::string out(file.node.size, '?');
    EXPECT_TRUE(store().Read(*file.slot, 0, absl::MakeSpan(out)).ok());
    return out;
  }
  absl::StatusOr<int> Descriptor(HostFileId) override { return store().fd(); }

  std::map<ContentId, std::string> recorded;
  ContentId written = 1000;  // those below are in the recording

 protected:
  bool IsRecorded(ContentId content) override { return content < written; }
  absl::StatusOr<size_t> ReadRecorded(ContentId content, uint64_t offset,
                                      absl::Span<char> out) override {
    const std::string& bytes = recorded.at(content);
    if (offset >= bytes.size()) return 0;
    return bytes.copy(out.data(), out.size(), offset);
  }
};

class RecordedFilesTest : public testing::Test {
 protected:
  static std::string Bytes(size_t n, char c) { return std::string(n, c); }

  const std::unique_ptr<ContentStore> store_ = *ContentStore::Create();
  TestFiles files_{*store_, 10'000};
};

TEST_F(RecordedFilesTest, DropsTheOldestWhenThereIsMuch) {
  const HostFileId a = files_.AddString(0, Bytes(4000, 'a'));
  const HostFileId b = files_.AddSlot(1, Bytes(4000, 'b'));
  EXPECT_EQ(files_.View(a, 3999), "a");
  EXPECT_FALSE(files_.IsDropped(a) || files_.IsDropped(b));
  const HostFileId c = files_.AddString(2, Bytes(4000, 'c'));
  EXPECT_TRUE(files_.IsDropped(a));
  EXPECT_EQ(files_.View(a, 0), "");
  EXPECT_FALSE(files_.IsDropped(b) || files_.IsDropped(c));
  files_.AddString(3, Bytes(4000, 'd'));
  EXPECT_TRUE(files_.IsDropped(b));
  EXPECT_EQ(store_->Use(1), std::nullopt);
  EXPECT_EQ(files_.ReadDroppedFile(a, 3998, 4), std::string("aa\0\0", 4));
  EXPECT_EQ(files_.ReadDroppedFile(b, 0, 3), "bbb");
}

TEST_F(RecordedFilesTest, KeepsOneThatIsTooLargeUntilTheNext) {
  const HostFileId a = files_.AddString(0, Bytes(50'000, 'a'));
  EXPECT_FALSE(files_.IsDropped(a));
  files_.AddString(1, "b");
  EXPECT_TRUE(files_.IsDropped(a));
}

TEST_F(RecordedFilesTest, KeepsWhatIsNotInTheRecordingYet) {
  files_.written = 0;
  const HostFileId a = files_.AddString(0, Bytes(9000, 'a'));
  const HostFileId b = files_.AddString(1, Bytes(9000, 'b'));
  EXPECT_FALSE(files_.IsDropped(a));
  files_.written = 1;
  const HostFileId c = files_.AddString(2, Bytes(9000, 'c'));
  EXPECT_TRUE(files_.IsDropped(a));
  EXPECT_FALSE(files_.IsDropped(b) || files_.IsDropped(c));
}

TEST_F(RecordedFilesTest, KeepsWhatIsMapped) {
  const HostFileId a = files_.AddString(0, Bytes(9000, 'a'));
  EXPECT_EQ(files_.Map(a), Bytes(9000, 'a'));
  const HostFileId b = files_.AddString(1, Bytes(9000, 'b'));
  files_.AddString(2, Bytes(9000, 'c'));
  EXPECT_FALSE(files_.IsDropped(a));
  EXPECT_TRUE(files_.IsDropped(b));
  // One that was dropped comes back for that.
  EXPECT_EQ(files_.Map(b), Bytes(9000, 'b'));
  files_.AddString(3, Bytes(9000, 'd'));
  EXPECT_FALSE(files_.IsDropped(b));
}

TEST_F(RecordedFilesTest, CountsWhatIsClosedNoMore) {
  const HostFileId a = files_.AddString(0, Bytes(6000, 'a'));
  for (ContentId i = 1; i < 100; ++i) {
    files_.Remove(files_.AddString(i, Bytes(3000, 'x')));
  }
  EXPECT_FALSE(files_.IsDropped(a));
  const HostFileId b = files_.AddString(100, Bytes(3000, 'b'));
  files_.Remove(a);
  const HostFileId c = files_.AddString(101, Bytes(6000, 'c'));
  EXPECT_EQ(c.value, a.value);
  EXPECT_FALSE(files_.IsDropped(b) || files_.IsDropped(c));
}

TEST_F(RecordedFilesTest, HoldsFilesThatTheRecordingDoesNotHave) {
  const HostFileId a =
      files_.Add({.bytes = std::make_shared<const std::string>(Bytes(9000, 'a')),
                  .node = {.size = 9000}});
  files_.AddString(0, Bytes(9000, 'b'));
  files_.AddString(1, Bytes(9000, 'c'));
  EXPECT_FALSE(files_.IsDropped(a));
}

}  // namespace
}  // namespace emu
