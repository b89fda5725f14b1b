// SPDX-License-Identifier: Apache-2.0
//
// Who the first program runs as: ids from the command line, names from the
// guest's own /etc/passwd and /etc/group.

#ifndef EMU_GUEST_USER_H_
#define EMU_GUEST_USER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "arch/host_tree.h"
#include "emu/values.h"

namespace emu {

struct GuestUser {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string name;
  std::string home;
  std::string shell;
  // What is to be added to /etc/passwd and /etc/group so that programs find the
  // names; empty where they are there.
  std::string passwd_line;
  std::string group_line;
};

// A user that /etc/passwd does not have is called "user", lives in /home/user
// and exists by its number only.
absl::StatusOr<GuestUser> FindUser(const UserOption& option, HostTree& root);

}  // namespace emu

#endif  // EMU_GUEST_USER_H_
