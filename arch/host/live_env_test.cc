// SPDX-License-Identifier: Apache-2.0

#include "arch/host/live_env.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr Nanos kMillisecond = 1'000'000;

class LiveEnvTest : public testing::Test {
 protected:
  void SetUp() override {
    auto signals = HostSignals::Install();
    ASSERT_TRUE(signals.ok()) << signals.status();
    signals_ = *std::move(signals);
  }

  std::unique_ptr<LiveEnv> Make(const LiveEnvOptions& options = {}) {
    auto env = LiveEnv::Create(options, *signals_);
    EXPECT_TRUE(env.ok()) << env.status();
    return *std::move(env);
  }

  static std::string Random(Env& env, size_t n) {
    std::string bytes(n, '\0');
    env.FillRandom(absl::MakeSpan(bytes.data(), n));
    return bytes;
  }

  std::unique_ptr<HostSignals> signals_;
};

TEST_F(LiveEnvTest, EqualSeedsGiveEqualBytes) {
  EXPECT_EQ(Random(*Make({.seed = 5}), 100), Random(*Make({.seed = 5}), 100));
  EXPECT_NE(Random(*Make({.seed = 5}), 100), Random(*Make({.seed = 6}), 100));
}

TEST_F(LiveEnvTest, WithoutASeedNothingRepeats) {
  const LiveEnvOptions entropy = {.seed = std::nullopt};
  EXPECT_NE(Random(*Make(entropy), 32), Random(*Make(entropy), 32));
}

TEST_F(LiveEnvTest, SchedulingDoesNotTouchTheGuestsBytes) {
  const LiveEnvOptions options = {.seed = 5, .random_schedule = true};
  auto a = Make(options);
  auto b = Make(options);
  for (int i = 0; i < 100; ++i) a->PickNext(3);
  EXPECT_EQ(Random(*a, 32), Random(*b, 32));
}

TEST_F(LiveEnvTest, TheOldestRunsFirstUnlessAskedOtherwise) {
  auto fifo = Make({.seed = 5});
  auto drawn = Make({.seed = 5, .random_schedule = true});
  std::set<size_t> picked;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(fifo->PickNext(3), 0u);
    picked.insert(drawn->PickNext(3));
  }
  EXPECT_EQ(picked, (std::set<size_t>{0, 1, 2}));
  EXPECT_EQ(drawn->PickNext(1), 0u);
}

TEST_F(LiveEnvTest, HostTimeStartsAtBootAndMoves) {
  auto env = Make();
  const Nanos start = env->HostTime();
  EXPECT_GE(start, 0);
  EXPECT_LT(start, 5'000 * kMillisecond);
  env->Wait({}, 20 * kMillisecond);
  EXPECT_GE(env->HostTime(), start + 20 * kMillisecond);
}

TEST_F(LiveEnvTest, ASignalEndsAWaitAndIsTakenOnce) {
  auto env = Make();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    kill(parent, SIGTERM);
    _exit(0);
  }
  // Whether it comes before the wait or in it.
  while (!signals_->Pending()) env->Wait({}, std::nullopt);
  EXPECT_EQ(env->TakeSignal(), SIGTERM);
  EXPECT_EQ(env->TakeSignal(), std::nullopt);
  waitpid(child, nullptr, 0);
}

TEST_F(LiveEnvTest, TheTimeLimitEndsAWaitAndStays) {
  auto env = Make({.time_limit = 20 * kMillisecond});
  EXPECT_FALSE(env->TimedOut());
  env->Wait({}, 60'000 * kMillisecond);
  EXPECT_TRUE(env->TimedOut());
  EXPECT_TRUE(env->TimedOut());
  EXPECT_GE(env->HostTime(), 20 * kMillisecond);
}

TEST_F(LiveEnvTest, SigtstpStopsEmuAndNotTheGuest) {
  const pid_t child = fork();
  if (child == 0) {
    auto env = Make();
    raise(SIGTSTP);
    _exit(env->TakeSignal() == SIGCONT ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  ASSERT_EQ(kill(child, SIGCONT), 0);
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace emu
