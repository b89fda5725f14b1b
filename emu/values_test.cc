// SPDX-License-Identifier: Apache-2.0

#include "emu/values.h"

#include <string>

#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr Nanos kSecond = 1'000'000'000;

TEST(ParseSizeTest, CountsInStepsOf1024) {
  EXPECT_EQ(*ParseSize("4096"), 4096u);
  EXPECT_EQ(*ParseSize("64k"), 65536u);
  EXPECT_EQ(*ParseSize("512M"), uint64_t{512} << 20);
  EXPECT_EQ(*ParseSize("4G"), uint64_t{4} << 30);
  EXPECT_EQ(*ParseSize("1T"), uint64_t{1} << 40);
}

TEST(ParseSizeTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "G", "-1", "1.5G", "4GB", " 4", "0x10",
                           "99999999999999999999", "9999999999T"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
  EXPECT_EQ(ParseSize("lots").status().message(),
            "\"lots\" is not a size in bytes, such as 512M or 4G");
}

TEST(ParseDurationTest, TakesSecondsAndUnits) {
  EXPECT_EQ(*ParseDuration("10"), 10 * kSecond);
  EXPECT_EQ(*ParseDuration("1.5"), kSecond * 3 / 2);
  EXPECT_EQ(*ParseDuration("250ms"), kSecond / 4);
  EXPECT_EQ(*ParseDuration("1h30m"), 5400 * kSecond);
}

TEST(ParseDurationTest, RefusesWhatIsNoLengthOfTime) {
  for (const char* text : {"", "0", "-5", "soon", "1x", "inf", "nan", "1e400",
                           "9999999999", "."}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ParseDateTest, TakesSecondsAndDatesInUtc) {
  EXPECT_EQ(*ParseDate("0"), 0);
  EXPECT_EQ(*ParseDate("1893456000"), 1893456000 * kSecond);
  EXPECT_EQ(*ParseDate("@1893456000"), 1893456000 * kSecond);
  EXPECT_EQ(*ParseDate("2030-01-01"), 1893456000 * kSecond);
  EXPECT_EQ(*ParseDate("2030-01-01T00:00:01"), 1893456001 * kSecond);
  EXPECT_EQ(*ParseDate("2030-01-01 00:00:01Z"), 1893456001 * kSecond);
  EXPECT_EQ(*ParseDate("2030-01-01T01:00:00+01:00"), 1893456000 * kSecond);
}

TEST(ParseDateTest, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "-1", "yesterday", "2030-13-01", "2030-01", "1960-01-01",
        "9999-01-01", "99999999999", "infinite-future"}) {
    EXPECT_FALSE(ParseDate(text).ok()) << text;
  }
}

TEST(ParseCountTest, KeepsToItsBounds) {
  EXPECT_EQ(*ParseCount("1", 1, 64), 1u);
  EXPECT_EQ(*ParseCount("64", 1, 64), 64u);
  for (const char* text : {"", "0", "65", "-1", "+1", "1 ", "two"}) {
    EXPECT_FALSE(ParseCount(text, 1, 64).ok()) << text;
  }
  EXPECT_EQ(ParseCount("x", 1, 64).status().message(),
            "\"x\" is not a whole number from 1 to 64");
}

TEST(ParseBindTest, IsReadOnlyUnlessItSaysOtherwise) {
  EXPECT_FALSE(ParseBind("/a:/b")->writable);
  EXPECT_FALSE(ParseBind("/a:/b:ro")->writable);
  EXPECT_TRUE(ParseBind("/a:/b:rw")->writable);
  EXPECT_EQ(ParseBind("rel/a:/b//./c/")->host, "rel/a");
  EXPECT_EQ(ParseBind("rel/a:/b//./c/")->guest, "/b/c");
}

TEST(ParseBindTest, RefusesOtherShapes) {
  for (const char* text : {"", "/a", ":/b", "/a:", "/a:b", "/a:/b:rx",
                           "/a:/b:ro:x", "/a:/b/../c"}) {
    EXPECT_FALSE(ParseBind(text).ok()) << text;
  }
}

TEST(ParseExportTest, NamesTheGuestsPathFirst) {
  EXPECT_EQ(ParseExport("/out:./here")->guest, "/out");
  EXPECT_EQ(ParseExport("/out:./here")->host, "./here");
  for (const char* text : {"", "/out", "/out:", "out:here", "/a:b:c"}) {
    EXPECT_FALSE(ParseExport(text).ok()) << text;
  }
}

TEST(ParseUserTest, TakesUserAndGroup) {
  EXPECT_EQ(ParseUser("1000")->user, "1000");
  EXPECT_EQ(ParseUser("1000")->group, "");
  EXPECT_EQ(ParseUser("root:wheel")->group, "wheel");
  for (const char* text : {"", ":", "a:", ":b", "a:b:c"}) {
    EXPECT_FALSE(ParseUser(text).ok()) << text;
  }
}

TEST(ParseIdTest, IsANumberAndNotMinusOne) {
  EXPECT_EQ(ParseId("0"), 0u);
  EXPECT_EQ(ParseId("4294967294"), 4294967294u);
  EXPECT_EQ(ParseId("4294967295"), std::nullopt);
  EXPECT_EQ(ParseId("root"), std::nullopt);
  EXPECT_EQ(ParseId(""), std::nullopt);
}

}  // namespace
}  // namespace emu
