// SPDX-License-Identifier: Apache-2.0
//
// A pipe's ring of pages, without a guest.

#include "kernel/fs/pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

class PipeTest : public testing::Test {
 protected:
  // What was written, or minus the errno.
  int64_t Write(const std::string& bytes, bool packet = false) {
    IovIter from{absl::Span<const char>(bytes)};
    const Result<size_t> n = pipe_->Write(from, packet);
    return n.ok() ? static_cast<int64_t>(*n) : -n.error().value();
  }
  // What is read by one call, or "E" and the errno.
  std::string Read(size_t n) { return ReadFrom(*pipe_, n); }
  static std::string ReadFrom(Pipe& pipe, size_t n) {
    std::string bytes(n, '\0');
    IovIter to(absl::MakeSpan(bytes.data(), n));
    const Result<size_t> got = pipe.Read(to);
    if (!got.ok()) return "E" + std::to_string(got.error().value());
    return bytes.substr(0, *got);
  }

  std::shared_ptr<PipeEnd> Open(const std::shared_ptr<Pipe>& pipe, int flags) {
    const Path path = kernel_.subsystems().anonymous.NewPath(
        AnonymousKind::kPipe, "", S_IFIFO | 0600, Credentials());
    return std::make_shared<PipeEnd>(pipe, path, flags);
  }

  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  FakeEnv env_;
  Kernel kernel_{machine_, pages_, env_, nullptr, {}};
  std::shared_ptr<Pipe> pipe_ = std::make_shared<Pipe>();
  std::shared_ptr<PipeEnd> reader_ = Open(pipe_, O_RDONLY);
  std::shared_ptr<PipeEnd> writer_ = Open(pipe_, O_WRONLY);
};

TEST_F(PipeTest, BytesComeOutAsTheyWentIn) {
  EXPECT_EQ(Write("hello "), 6);
  EXPECT_EQ(Write("world"), 5);
  EXPECT_EQ(pipe_->bytes(), 11u);
  EXPECT_EQ(Read(3), "hel");
  EXPECT_EQ(Read(100), "lo world");
  EXPECT_EQ(Read(1), "E" + std::to_string(EAGAIN));
}

TEST_F(PipeTest, HoldsSixteenPages) {
  const std::string all(16 * kPageSize, 'x');
  EXPECT_EQ(Write(all + "more"), int64_t{16 * kPageSize});
  EXPECT_TRUE(pipe_->full());
  EXPECT_EQ(Write("x"), -EAGAIN);
  // A slot is free when its page is empty.
  EXPECT_EQ(Read(kPageSize - 1).size(), kPageSize - 1);
  EXPECT_EQ(Write("x"), -EAGAIN);
  EXPECT_EQ(Read(1), "x");
  EXPECT_EQ(Write("y"), 1);
}

TEST_F(PipeTest, SmallWritesShareAPage) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(Write("abcd"), 4);
  EXPECT_EQ(pipe_->Front().size(), 4000u);
  EXPECT_EQ(Read(5000).size(), 4000u);
}

TEST_F(PipeTest, PacketsAreReadOneAtATimeAndCutShort) {
  EXPECT_EQ(Write("first", true), 5);
  EXPECT_EQ(Write("second", true), 6);
  EXPECT_EQ(Read(3), "fir");
  EXPECT_EQ(Read(100), "second");
  // What is longer than a page is several.
  EXPECT_EQ(Write(std::string(kPageSize + 1, 'p'), true),
            int64_t{kPageSize + 1});
  EXPECT_EQ(Read(2 * kPageSize).size(), kPageSize);
  EXPECT_EQ(Read(2 * kPageSize), "p");
}

TEST_F(PipeTest, EndsWithItsWritersAndBreaksWithItsReaders) {
  EXPECT_EQ(Write("last"), 4);
  writer_.reset();
  EXPECT_EQ(Read(100), "last");
  EXPECT_EQ(Read(100), "");
  writer_ = Open(pipe_, O_WRONLY);
  reader_.reset();
  EXPECT_EQ(Write("x"), -EPIPE);
  EXPECT_EQ(Write(""), 0);
}

TEST_F(PipeTest, PagesMoveOrAreCopiedToAnotherPipe) {
  const auto to = std::make_shared<Pipe>();
  Pipe& other = *to;
  const auto reader = Open(to, O_RDONLY);
  Write("some bytes");
  EXPECT_EQ(*other.CopyFrom(*pipe_, 4), 4u);
  EXPECT_EQ(pipe_->bytes(), 10u);
  EXPECT_EQ(*other.MoveFrom(*pipe_, 100), 10u);
  EXPECT_TRUE(pipe_->empty());
  EXPECT_EQ(other.MoveFrom(*pipe_, 1).error(), Errno(EAGAIN));
  EXPECT_EQ(ReadFrom(other, 100), "somesome bytes");
}

// Against a queue of bytes, in steps by chance.
TEST_F(PipeTest, IsAQueueOfBytes) {
  std::deque<char> model;
  uint32_t state = 1;
  const auto next = [&state](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  char letter = 0;
  for (int step = 0; step < 20'000; ++step) {
    const size_t n = next(2) == 0 ? next(32) + 1 : next(3 * kPageSize) + 1;
    if (next(2) == 0) {
      std::string bytes(n, '\0');
      for (char& byte : bytes) byte = ++letter;
      const int64_t wrote = Write(bytes);
      ASSERT_TRUE(wrote > 0 || wrote == -EAGAIN);
      if (wrote > 0) model.insert(model.end(), &bytes[0], &bytes[wrote]);
    } else if (!model.empty()) {
      const std::string got = Read(n);
      ASSERT_EQ(got.size(), std::min(n, model.size()));
      ASSERT_TRUE(std::equal(got.begin(), got.end(), model.begin())) << step;
      model.erase(model.begin(), model.begin() + got.size());
    }
    ASSERT_EQ(pipe_->bytes(), model.size());
  }
}

}  // namespace
}  // namespace emu
