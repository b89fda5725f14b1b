// SPDX-License-Identifier: Apache-2.0

#include "kernel/wait_queue.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace emu {
namespace {

class TestWaiter : public Waiter {
 public:
  TestWaiter(std::string& log, char name) : log_(log), name_(name) {}
  std::function<void()> then;
  bool useful = true;

 private:
  bool OnWake(uint32_t) override {
    log_ += name_;
    if (then) then();
    return useful;
  }
  std::string& log_;
  const char name_;
};

class WaitQueueTest : public testing::Test {
 protected:
  std::string log_;
  WaitQueue queue_;
  TestWaiter a_{log_, 'a'}, b_{log_, 'b'}, c_{log_, 'c'};
};

TEST_F(WaitQueueTest, WakesInOrderOfArrival) {
  queue_.Add(b_);
  queue_.Add(a_);
  queue_.Add(c_);
  queue_.Wake();
  EXPECT_EQ(log_, "bac");
  queue_.Wake();  // who stays is told again
  EXPECT_EQ(log_, "bacbac");
}

TEST_F(WaitQueueTest, TellsThoseAloneWhoseEventItIs) {
  queue_.Add(a_, POLLIN);
  queue_.Add(b_, POLLOUT);
  queue_.Add(c_, POLLIN | POLLOUT);
  queue_.Wake(POLLOUT);
  EXPECT_EQ(log_, "bc");
}

TEST_F(WaitQueueTest, OneOfTheExclusiveIsEnough) {
  queue_.AddExclusive(a_, POLLIN);
  queue_.AddExclusive(b_, POLLIN);
  queue_.Add(c_, POLLIN);
  EXPECT_TRUE(queue_.Wake(POLLIN));
  EXPECT_EQ(log_, "ac");
}

TEST_F(WaitQueueTest, AnExclusiveOneThatIsOfNoUseDoesNotCount) {
  queue_.AddExclusive(a_, POLLIN);
  queue_.AddExclusive(b_, POLLIN);
  queue_.AddExclusive(c_, POLLIN);
  a_.useful = false;
  EXPECT_TRUE(queue_.Wake(POLLIN));
  EXPECT_EQ(log_, "ab");
  b_.useful = c_.useful = false;
  EXPECT_FALSE(queue_.Wake(POLLIN));
  EXPECT_EQ(log_, "ababc");
}

TEST_F(WaitQueueTest, AnEndIsToldToAllOfTheExclusive) {
  queue_.AddExclusive(a_, POLLIN | POLLHUP);
  queue_.AddExclusive(b_, POLLIN | POLLHUP);
  queue_.Wake(POLLIN | POLLHUP);
  EXPECT_EQ(log_, "ab");
  queue_.Wake();
  EXPECT_EQ(log_, "abab");
}

TEST_F(WaitQueueTest, AWaiterIsInOneQueueAtATime) {
  WaitQueue other;
  queue_.Add(a_);
  other.Add(a_);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(a_.queue(), &other);
  queue_.Wake();
  EXPECT_EQ(log_, "");
  a_.Leave();
  a_.Leave();
  EXPECT_FALSE(a_.queued());
  EXPECT_TRUE(other.empty());
}

TEST_F(WaitQueueTest, AWaiterMayLeaveAndMakeOthersLeave) {
  queue_.Add(a_);
  queue_.Add(b_);
  queue_.Add(c_);
  a_.then = [this] {
    a_.Leave();
    b_.Leave();
  };
  queue_.Wake();
  EXPECT_EQ(log_, "ac");
}

TEST_F(WaitQueueTest, WhoComesDuringAWakeUpIsNotTold) {
  queue_.Add(a_);
  queue_.Add(b_);
  a_.then = [this] {
    queue_.Add(a_);  // to the end
    queue_.Add(c_);
  };
  queue_.Wake();
  EXPECT_EQ(log_, "ab");
  log_.clear();
  a_.then = nullptr;
  queue_.Wake();
  EXPECT_EQ(log_, "bac");
}

TEST_F(WaitQueueTest, AWakeUpWithinAWakeUpEnds) {
  queue_.Add(a_);
  queue_.Add(b_);
  int depth = 0;
  a_.then = [&] {
    if (++depth < 3) queue_.Wake();
  };
  queue_.Wake();
  EXPECT_EQ(depth, 3);
  EXPECT_NE(log_.find('b'), std::string::npos);
}

TEST_F(WaitQueueTest, EitherMayEndFirst) {
  {
    TestWaiter gone(log_, 'x');
    queue_.Add(gone);
    queue_.Add(a_);
  }
  queue_.Wake();
  EXPECT_EQ(log_, "a");
  auto queue = std::make_unique<WaitQueue>();
  queue->Add(b_);
  queue->Add(c_);
  queue.reset();
  EXPECT_FALSE(b_.queued());
  EXPECT_FALSE(c_.queued());
}

}  // namespace
}  // namespace emu
