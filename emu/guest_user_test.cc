// SPDX-License-Identifier: Apache-2.0

#include "emu/guest_user.h"

#include <memory>
#include <string>

#include "arch/host/test_directory.h"
#include "emu/image.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

class FindUserTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_.Write("etc/passwd",
               "root:x:0:0:root:/root:/bin/bash\n"
               "# a comment\n"
               "www:x:33:34::/srv/www:\n"
               "broken:x:many:1::/:/bin/sh\n");
    dir_.Write("etc/group", "root:x:0:\nstaff:x:50:www\n");
  }

  absl::StatusOr<GuestUser> Find(const std::string& user,
                                 const std::string& group = "") {
    auto image =
        OpenImage(dir_.path(), std::make_shared<Ownership>(), files_);
    EXPECT_TRUE(image.ok()) << image.status();
    return FindUser({user, group}, *image->tree);
  }

  TestDirectory dir_;
  OpenFiles files_{64};
};

TEST_F(FindUserTest, KnownUsersAreAsTheFileSays) {
  for (const char* spelling : {"www", "33"}) {
    const auto user = Find(spelling);
    ASSERT_TRUE(user.ok()) << user.status();
    EXPECT_EQ(user->uid, 33u);
    EXPECT_EQ(user->gid, 34u);
    EXPECT_EQ(user->name, "www");
    EXPECT_EQ(user->home, "/srv/www");
    EXPECT_EQ(user->shell, "/bin/sh");
    EXPECT_EQ(user->passwd_line, "");
    EXPECT_EQ(user->group_line, "www:x:34:\n");
  }
}

TEST_F(FindUserTest, NumbersNeedNoEntry) {
  const auto user = Find("1000", "1000");
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->uid, 1000u);
  EXPECT_EQ(user->home, "/home/user");
  EXPECT_EQ(user->passwd_line,
            "user:x:1000:1000::/home/user:/bin/sh\n");
  EXPECT_EQ(user->group_line, "user:x:1000:\n");
}

TEST_F(FindUserTest, GroupsMayBeNames) {
  EXPECT_EQ(Find("www", "staff")->gid, 50u);
  EXPECT_EQ(Find("1000", "0")->gid, 0u);
}

TEST_F(FindUserTest, RootNeedsNoFile) {
  dir_.Write("etc/passwd", "");
  EXPECT_EQ(Find("root")->uid, 0u);
  EXPECT_EQ(Find("root")->home, "/root");
}

TEST_F(FindUserTest, UnknownNamesAreErrors) {
  EXPECT_EQ(Find("nobody").status().message(),
            "-u: user \"nobody\" is not in the guest's /etc/passwd");
  EXPECT_EQ(Find("0", "wheel").status().message(),
            "-u: group \"wheel\" is not in the guest's /etc/group");
  EXPECT_FALSE(Find("broken").ok());
}

}  // namespace
}  // namespace emu
