// SPDX-License-Identifier: Apache-2.0
//
// Who a task is: ids, groups and capabilities, as in credentials(7). Immutable
// once shared; a task that changes its own makes a copy.

#ifndef KERNEL_CREDENTIALS_H_
#define KERNEL_CREDENTIALS_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace emu {

using Uid = uint32_t;
using Gid = uint32_t;

// Every capability that Linux has (CAP_CHECKPOINT_RESTORE is 40).
inline constexpr uint64_t kAllCapabilities = (uint64_t{1} << 41) - 1;

struct Credentials {
  Uid uid = 0, euid = 0, suid = 0, fsuid = 0;
  Gid gid = 0, egid = 0, sgid = 0, fsgid = 0;
  std::vector<Gid> groups;  // supplementary, sorted
  // Bit n is capability n.
  uint64_t permitted = 0;
  uint64_t effective = 0;
  uint64_t inheritable = 0;
  uint64_t bounding = kAllCapabilities;
  uint64_t ambient = 0;
  uint32_t securebits = 0;
  bool no_new_privs = false;

  bool Has(int capability) const { return (effective >> capability) & 1; }
  // SECURE_*, by number.
  bool Secure(int bit) const;
  // The filesystem ids' membership, as file permissions see it.
  bool InGroup(Gid group) const {
    return group == fsgid ||
           std::binary_search(groups.begin(), groups.end(), group);
  }
};

using CredentialsRef = std::shared_ptr<const Credentials>;

// The user ids in `creds` are new: the capabilities that went with the old ones
// go, and come back, by capabilities(7)'s rules. The second is setfsuid(2)'s.
void FixCapabilities(const Credentials& old, Credentials* creds);
void FixFileCapabilities(const Credentials& old, Credentials* creds);
// What a program that is no set-user-id or set-group-id one starts with.
CredentialsRef ExecCredentials(const Credentials& old);

}  // namespace emu

#endif  // KERNEL_CREDENTIALS_H_
