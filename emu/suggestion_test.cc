// SPDX-License-Identifier: Apache-2.0

#include "emu/suggestion.h"

#include "gtest/gtest.h"

namespace emu {
namespace {

TEST(SuggestionTest, IsWhatIsASlipOrTwoAway) {
  const std::vector<std::string> words = {"run", "completion", "help"};
  EXPECT_EQ(Suggestion("rnu", words), "run");
  EXPECT_EQ(Suggestion("ru", words), "run");
  EXPECT_EQ(Suggestion("runn", words), "run");
  EXPECT_EQ(Suggestion("complation", words), "completion");
  EXPECT_EQ(Suggestion("competin", words), "completion");
}

TEST(SuggestionTest, IsNothingForAnotherWord) {
  const std::vector<std::string> words = {"run", "completion", "help"};
  EXPECT_EQ(Suggestion("ls", words), "");
  EXPECT_EQ(Suggestion("", words), "");
  EXPECT_EQ(Suggestion("bash", words), "");
  EXPECT_EQ(Suggestion(std::string(100'000, 'x'), words), "");
  EXPECT_EQ(Suggestion("run", {}), "");
}

TEST(SuggestionTest, IsTheNearest) {
  EXPECT_EQ(Suggestion("--stat", {"--strace", "--stats", "--seed"}), "--stats");
}

}  // namespace
}  // namespace emu
