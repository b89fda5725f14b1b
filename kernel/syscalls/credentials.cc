// SPDX-License-Identifier: Apache-2.0
//
// Changing who one is: credentials(7), capabilities(7).

#include <linux/capability.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "arch/abi/capability.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kNone = ~0u;  // an id that is to stay
constexpr size_t kMostGroups = 65536;  // NGROUPS_MAX

// A program that runs as somebody else now is nobody's to look into, and not
// its parent's to be killed with.
void Commit(Task& task, std::shared_ptr<Credentials> creds) {
  const Credentials& old = *task.creds;
  if (old.euid != creds->euid || old.egid != creds->egid ||
      old.fsuid != creds->fsuid || old.fsgid != creds->fsgid ||
      (creds->permitted & ~old.permitted) != 0) {
    task.dumpable = false;
    task.parent_death_signal = 0;
  }
  task.creds = std::move(creds);
}

void CommitUids(Task& task, std::shared_ptr<Credentials> creds) {
  creds->fsuid = creds->euid;
  FixCapabilities(*task.creds, creds.get());
  Commit(task, std::move(creds));
}

void CommitGids(Task& task, std::shared_ptr<Credentials> creds) {
  creds->fsgid = creds->egid;
  Commit(task, std::move(creds));
}

std::shared_ptr<Credentials> Copy(const Task& task) {
  return std::make_shared<Credentials>(*task.creds);
}

bool IsUid(const Credentials& creds, Uid uid) {
  return uid == creds.uid || uid == creds.euid || uid == creds.suid;
}

bool IsGid(const Credentials& creds, Gid gid) {
  return gid == creds.gid || gid == creds.egid || gid == creds.sgid;
}

// How many structs a version of the header means. Answers unknown versions with
// the one that is known.
Result<size_t> CheckVersion(Task& task, UserPtr<abi::cap_user_header> header) {
  const uint32_t version = TRY(task.Read(header.As<uint32_t>()));
  switch (version) {
    case _LINUX_CAPABILITY_VERSION_1:
      return _LINUX_CAPABILITY_U32S_1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
      return _LINUX_CAPABILITY_U32S_3;
    default:
      TRY(task.Write(header.As<uint32_t>(), _LINUX_CAPABILITY_VERSION_3));
      return Errno(EINVAL);
  }
}

bool IsSubset(uint64_t set, uint64_t of) { return (set & ~of) == 0; }

uint64_t Join(const std::vector<abi::cap_user_data>& data,
              uint32_t abi::cap_user_data::* field) {
  uint64_t set = 0;
  for (size_t i = 0; i < data.size(); ++i) {
    set |= uint64_t{data[i].*field} << (32 * i);
  }
  return set & kAllCapabilities;
}

}  // namespace

// setuid(2).
Result<> sys_setuid(Task& task, uint32_t uid) {
  if (uid == kNone) return Errno(EINVAL);
  const Credentials& old = *task.creds;
  std::shared_ptr<Credentials> creds = Copy(task);
  if (old.Has(CAP_SETUID)) {
    creds->uid = creds->suid = uid;
  } else if (uid != old.uid && uid != old.suid) {
    return Errno(EPERM);
  }
  creds->euid = uid;
  CommitUids(task, std::move(creds));
  return {};
}

// setgid(2).
Result<> sys_setgid(Task& task, uint32_t gid) {
  if (gid == kNone) return Errno(EINVAL);
  const Credentials& old = *task.creds;
  std::shared_ptr<Credentials> creds = Copy(task);
  if (old.Has(CAP_SETGID)) {
    creds->gid = creds->sgid = gid;
  } else if (gid != old.gid && gid != old.sgid) {
    return Errno(EPERM);
  }
  creds->egid = gid;
  CommitGids(task, std::move(creds));
  return {};
}

// setreuid(2).
Result<> sys_setreuid(Task& task, uint32_t ruid, uint32_t euid) {
  const Credentials& old = *task.creds;
  const bool any = old.Has(CAP_SETUID);
  std::shared_ptr<Credentials> creds = Copy(task);
  if (ruid != kNone) {
    if (ruid != old.uid && ruid != old.euid && !any) return Errno(EPERM);
    creds->uid = ruid;
  }
  if (euid != kNone) {
    if (!IsUid(old, euid) && !any) return Errno(EPERM);
    creds->euid = euid;
  }
  if (ruid != kNone || (euid != kNone && euid != old.uid)) {
    creds->suid = creds->euid;
  }
  CommitUids(task, std::move(creds));
  return {};
}

// setregid(2).
Result<> sys_setregid(Task& task, uint32_t rgid, uint32_t egid) {
  const Credentials& old = *task.creds;
  const bool any = old.Has(CAP_SETGID);
  std::shared_ptr<Credentials> creds = Copy(task);
  if (rgid != kNone) {
    if (rgid != old.gid && rgid != old.egid && !any) return Errno(EPERM);
    creds->gid = rgid;
  }
  if (egid != kNone) {
    if (!IsGid(old, egid) && !any) return Errno(EPERM);
    creds->egid = egid;
  }
  if (rgid != kNone || (egid != kNone && egid != old.gid)) {
    creds->sgid = creds->egid;
  }
  CommitGids(task, std::move(creds));
  return {};
}

// setresuid(2).
Result<> sys_setresuid(Task& task, uint32_t ruid, uint32_t euid,
                       uint32_t suid) {
  const Credentials& old = *task.creds;
  for (const uint32_t uid : {ruid, euid, suid}) {
    if (uid != kNone && !IsUid(old, uid) && !old.Has(CAP_SETUID)) {
      return Errno(EPERM);
    }
  }
  std::shared_ptr<Credentials> creds = Copy(task);
  if (ruid != kNone) creds->uid = ruid;
  if (euid != kNone) creds->euid = euid;
  if (suid != kNone) creds->suid = suid;
  CommitUids(task, std::move(creds));
  return {};
}

// setresgid(2).
Result<> sys_setresgid(Task& task, uint32_t rgid, uint32_t egid,
                       uint32_t sgid) {
  const Credentials& old = *task.creds;
  for (const uint32_t gid : {rgid, egid, sgid}) {
    if (gid != kNone && !IsGid(old, gid) && !old.Has(CAP_SETGID)) {
      return Errno(EPERM);
    }
  }
  std::shared_ptr<Credentials> creds = Copy(task);
  if (rgid != kNone) creds->gid = rgid;
  if (egid != kNone) creds->egid = egid;
  if (sgid != kNone) creds->sgid = sgid;
  CommitGids(task, std::move(creds));
  return {};
}

// getresuid(2).
Result<> sys_getresuid(Task& task, UserPtr<uint32_t> ruid,
                       UserPtr<uint32_t> euid, UserPtr<uint32_t> suid) {
  const Credentials& creds = *task.creds;
  TRY(task.Write(ruid, creds.uid));
  TRY(task.Write(euid, creds.euid));
  return task.Write(suid, creds.suid);
}

// getresgid(2).
Result<> sys_getresgid(Task& task, UserPtr<uint32_t> rgid,
                       UserPtr<uint32_t> egid, UserPtr<uint32_t> sgid) {
  const Credentials& creds = *task.creds;
  TRY(task.Write(rgid, creds.gid));
  TRY(task.Write(egid, creds.egid));
  return task.Write(sgid, creds.sgid);
}

// setfsuid(2): the old one, whatever became of the wish.
Result<uint32_t> sys_setfsuid(Task& task, uint32_t uid) {
  const CredentialsRef old = task.creds;
  if (uid != kNone && uid != old->fsuid &&
      (IsUid(*old, uid) || old->Has(CAP_SETUID))) {
    std::shared_ptr<Credentials> creds = Copy(task);
    creds->fsuid = uid;
    FixFileCapabilities(*old, creds.get());
    Commit(task, std::move(creds));
  }
  return old->fsuid;
}

// setfsgid(2).
Result<uint32_t> sys_setfsgid(Task& task, uint32_t gid) {
  const CredentialsRef old = task.creds;
  if (gid != kNone && gid != old->fsgid &&
      (IsGid(*old, gid) || old->Has(CAP_SETGID))) {
    std::shared_ptr<Credentials> creds = Copy(task);
    creds->fsgid = gid;
    Commit(task, std::move(creds));
  }
  return old->fsgid;
}

// getgroups(2).
Result<int> sys_getgroups(Task& task, int size, UserPtr<uint32_t> list) {
  const std::vector<Gid>& groups = task.creds->groups;
  if (size < 0) return Errno(EINVAL);
  if (size > 0) {
    if (groups.size() > static_cast<size_t>(size)) return Errno(EINVAL);
    TRY(task.WriteArray<Gid>(list, groups));
  }
  return static_cast<int>(groups.size());
}

// setgroups(2).
Result<> sys_setgroups(Task& task, int size, UserPtr<const uint32_t> list) {
  if (!task.creds->Has(CAP_SETGID)) return Errno(EPERM);
  if (size < 0 || static_cast<size_t>(size) > kMostGroups) {
    return Errno(EINVAL);
  }
  std::vector<Gid> groups = TRY(task.ReadArray(list, size));
  if (std::count(groups.begin(), groups.end(), kNone) > 0) {
    return Errno(EINVAL);
  }
  std::sort(groups.begin(), groups.end());
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->groups = std::move(groups);
  Commit(task, std::move(creds));
  return {};
}

// capget(2).
Result<> sys_capget(Task& task, UserPtr<abi::cap_user_header> header,
                    UserPtr<abi::cap_user_data> data) {
  const Result<size_t> count = CheckVersion(task, header);
  if (!count.ok() && count.error() == Errno(EFAULT)) return count.error();
  if (!data) return {};
  if (!count.ok()) return count.error();
  const Pid pid = TRY(task.Read(header)).pid;
  if (pid < 0) return Errno(EINVAL);
  const Task* target = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  const Credentials& creds = *target->creds;
  for (size_t i = 0; i < *count; ++i) {
    TRY(task.Write(data.At(i),
                   {static_cast<uint32_t>(creds.effective >> (32 * i)),
                    static_cast<uint32_t>(creds.permitted >> (32 * i)),
                    static_cast<uint32_t>(creds.inheritable >> (32 * i))}));
  }
  return {};
}

// capset(2).
Result<> sys_capset(Task& task, UserPtr<abi::cap_user_header> header,
                    UserPtr<const abi::cap_user_data> data) {
  const size_t count = TRY(CheckVersion(task, header));
  const Pid pid = TRY(task.Read(header)).pid;
  if (pid != 0 && pid != task.tid()) return Errno(EPERM);
  const auto wanted = TRY(task.ReadArray(data, count));
  const Credentials& old = *task.creds;
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->effective = Join(wanted, &abi::cap_user_data::effective);
  creds->permitted = Join(wanted, &abi::cap_user_data::permitted);
  creds->inheritable = Join(wanted, &abi::cap_user_data::inheritable);
  if (!old.Has(CAP_SETPCAP) &&
      !IsSubset(creds->inheritable, old.inheritable | old.permitted)) {
    return Errno(EPERM);
  }
  if (!IsSubset(creds->inheritable, old.inheritable | old.bounding) ||
      !IsSubset(creds->permitted, old.permitted) ||
      !IsSubset(creds->effective, creds->permitted)) {
    return Errno(EPERM);
  }
  creds->ambient &= creds->permitted & creds->inheritable;
  Commit(task, std::move(creds));
  return {};
}

}  // namespace emu
