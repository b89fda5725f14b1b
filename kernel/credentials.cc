// SPDX-License-Identifier: Apache-2.0

#include "kernel/credentials.h"

#include <linux/capability.h>
#include <linux/securebits.h>

namespace emu {
namespace {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

// What goes with the file system's user id (CAP_FS_SET).
constexpr uint64_t kFileCapabilities =
    Bit(CAP_CHOWN) | Bit(CAP_MKNOD) | Bit(CAP_DAC_OVERRIDE) |
    Bit(CAP_DAC_READ_SEARCH) | Bit(CAP_FOWNER) | Bit(CAP_FSETID) |
    Bit(CAP_LINUX_IMMUTABLE) | Bit(CAP_MAC_OVERRIDE);

bool AnyRoot(const Credentials& creds) {
  return creds.uid == 0 || creds.euid == 0 || creds.suid == 0;
}

}  // namespace

bool Credentials::Secure(int bit) const { return (securebits >> bit) & 1; }

void FixCapabilities(const Credentials& old, Credentials* creds) {
  if (creds->Secure(SECURE_NO_SETUID_FIXUP)) return;
  if (AnyRoot(old) && !AnyRoot(*creds)) {
    if (!creds->Secure(SECURE_KEEP_CAPS)) {
      creds->permitted = creds->effective = 0;
    }
    creds->ambient = 0;
  }
  if (old.euid == 0 && creds->euid != 0) creds->effective = 0;
  if (old.euid != 0 && creds->euid == 0) creds->effective = creds->permitted;
}

void FixFileCapabilities(const Credentials& old, Credentials* creds) {
  if (creds->Secure(SECURE_NO_SETUID_FIXUP)) return;
  if (old.fsuid == 0 && creds->fsuid != 0) {
    creds->effective &= ~kFileCapabilities;
  } else if (old.fsuid != 0 && creds->fsuid == 0) {
    creds->effective |= creds->permitted & kFileCapabilities;
  }
}

CredentialsRef ExecCredentials(const Credentials& old) {
  auto creds = std::make_shared<Credentials>(old);
  creds->suid = creds->fsuid = creds->euid;
  creds->sgid = creds->fsgid = creds->egid;
  creds->securebits &= ~(1u << SECURE_KEEP_CAPS);
  const bool root = !creds->Secure(SECURE_NOROOT);
  creds->permitted = creds->ambient;
  creds->effective = creds->ambient;
  if (root && (creds->uid == 0 || creds->euid == 0)) {
    creds->permitted |= creds->bounding | creds->inheritable;
    if (creds->euid == 0) creds->effective = creds->permitted;
  }
  return creds;
}

}  // namespace emu
