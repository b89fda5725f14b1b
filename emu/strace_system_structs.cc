// SPDX-License-Identifier: Apache-2.0
//
// Structures of calls on the system, on processes' rights and on clocks.

#include <linux/capability.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <utime.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "emu/strace_names.h"
#include "emu/strace_values.h"

namespace emu {
namespace {

constexpr uint64_t kShown = 32;

std::string CapabilitySet(uint64_t set) {
  std::string text;
  for (const NamedValue& capability : kCapabilityNames) {
    const uint64_t bit = uint64_t{1} << capability.value;
    if ((set & bit) == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : "|", "1<<", capability.name);
    set &= ~bit;
  }
  if (set != 0) {
    absl::StrAppend(&text, text.empty() ? "" : "|", "0x", absl::Hex(set));
  }
  return text.empty() ? "0" : text;
}

// "1970-01-01T00:00:01+0000", with the part of a second where there is one.
std::string DateText(const timeval& time) {
  return absl::FormatTime(time.tv_usec == 0 ? "%Y-%m-%dT%H:%M:%S%z"
                                            : "%Y-%m-%dT%H:%M:%E6S%z",
                          absl::TimeFromTimeval(time), absl::UTCTimeZone());
}

std::string IpcPermText(const ipc_perm& perm) {
  return absl::StrFormat(
      "{uid=%u, gid=%u, mode=%s, key=%u, cuid=%u, cgid=%u}", perm.uid, perm.gid,
      ModeText(perm.mode), static_cast<uint32_t>(perm.__key), perm.cuid,
      perm.cgid);
}

}  // namespace

std::string GuestValues::Sysinfo(GuestAddr addr) {
  struct sysinfo info;
  constexpr size_t kPart = offsetof(struct sysinfo, totalswap);
  constexpr size_t kWhole =
      offsetof(struct sysinfo, mem_unit) + sizeof(info.mem_unit);
  const size_t known = addr == 0 ? 0 : memory_(&info, addr, kWhole);
  if (known < kPart) return PointerText(addr);
  const std::string text = absl::StrFormat(
      "{uptime=%d, loads=[%d, %d, %d], totalram=%d, freeram=%d, sharedram=%d, "
      "bufferram=%d, ",
      info.uptime, info.loads[0], info.loads[1], info.loads[2], info.totalram,
      info.freeram, info.sharedram, info.bufferram);
  if (known < kWhole) return text + "...}";
  return absl::StrCat(text, "totalswap=", info.totalswap,
                      ", freeswap=", info.freeswap, ", procs=", info.procs,
                      ", totalhigh=", info.totalhigh,
                      ", freehigh=", info.freehigh,
                      ", mem_unit=", info.mem_unit, "}");
}

std::string GuestValues::CapabilityHeader(GuestAddr addr) {
  __user_cap_header_struct header;
  if (!Read(addr, &header)) return PointerText(addr);
  return absl::StrCat(
      "{version=",
      WithUnknown(ValueName(header.version, kCapabilityVersionNames),
                  "_LINUX_CAPABILITY_VERSION_???"),
      ", pid=", header.pid, "}");
}

std::string GuestValues::CapabilityData(GuestAddr addr, GuestAddr header_addr) {
  __user_cap_header_struct header;
  if (!Read(header_addr, &header)) return PointerText(addr);
  // Later versions have the upper halves behind.
  const bool wide = header.version == _LINUX_CAPABILITY_VERSION_2 ||
                    header.version == _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[2] = {};
  const size_t size = sizeof(data[0]) * (wide ? 2 : 1);
  if (addr == 0 || memory_(data, addr, size) != size) return PointerText(addr);
  const auto set = [](uint64_t low, uint64_t high) {
    return CapabilitySet(low | high << 32);
  };
  return absl::StrCat(
      "{effective=", set(data[0].effective, data[1].effective),
      ", permitted=", set(data[0].permitted, data[1].permitted),
      ", inheritable=", set(data[0].inheritable, data[1].inheritable), "}");
}

std::string GuestValues::EpollSlot(GuestAddr addr) {
  struct {
    uint32_t efd, tfd, toff;
  } slot;
  if (!Read(addr, &slot)) return PointerText(addr);
  return absl::StrCat("{efd=", slot.efd, ", tfd=", slot.tfd,
                      ", toff=", slot.toff, "}");
}

std::string GuestValues::NamedInt32(GuestAddr addr, NamedValues names,
                                    const char* unknown) {
  uint32_t value = 0;
  if (!Read(addr, &value)) return PointerText(addr);
  return absl::StrCat("[", WithUnknown(ValueName(value, names), unknown), "]");
}

std::string GuestValues::SeccompSizes(GuestAddr addr) {
  uint16_t sizes[3];
  if (!Read(addr, &sizes)) return PointerText(addr);
  return absl::StrCat("{seccomp_notif=", sizes[0],
                      ", seccomp_notif_resp=", sizes[1],
                      ", seccomp_data=", sizes[2], "}");
}

std::string GuestValues::FilterProgram(GuestAddr addr) {
  struct {
    uint64_t length, filter;
  } program;
  if (!Read(addr, &program)) return PointerText(addr);
  return absl::StrCat("{len=", static_cast<uint16_t>(program.length),
                      ", filter=", PointerText(program.filter), "}");
}

std::string GuestValues::Owner(GuestAddr addr) {
  struct {
    uint32_t type;
    int32_t pid;
  } owner;
  if (!Read(addr, &owner)) return PointerText(addr);
  return absl::StrCat(
      "{type=",
      WithUnknown(ValueName(owner.type, kOwnerTypeNames), "F_OWNER_???"),
      ", pid=", owner.pid, "}");
}

std::string GuestValues::SchedAttributes(GuestAddr addr) {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes;
  if (!Read(addr, &attributes)) return PointerText(addr);
  std::string text = absl::StrFormat(
      "{size=%d, sched_policy=%s, sched_flags=%s, sched_nice=%d, "
      "sched_priority=%d, sched_runtime=%d, sched_deadline=%d, sched_period=%d",
      attributes.size,
      WithUnknown(ValueName(attributes.policy, kSchedPolicyNames),
                  "SCHED_???"),
      FlagNames(attributes.flags, kSchedFlagNames), attributes.nice,
      attributes.priority, attributes.runtime, attributes.deadline,
      attributes.period);
  uint32_t clamps[2];
  if (attributes.size >= sizeof(attributes) + sizeof(clamps) &&
      Read(addr + sizeof(attributes), &clamps)) {
    absl::StrAppend(&text, ", sched_util_min=", clamps[0],
                    ", sched_util_max=", clamps[1]);
  }
  return text + "}";
}

std::string GuestValues::Timex(GuestAddr addr) {
  timex t;
  constexpr size_t kPart = offsetof(timex, tai) + sizeof(t.tai);
  if (addr == 0 || memory_(&t, addr, kPart) != kPart) return PointerText(addr);
  return absl::StrFormat(
      "{modes=%s, offset=%d, freq=%d, maxerror=%d, esterror=%d, status=%s, "
      "constant=%d, precision=%d, tolerance=%d, time={tv_sec=%d, tv_usec=%d}, "
      "tick=%d, ppsfreq=%d, jitter=%d, shift=%d, stabil=%d, jitcnt=%d, "
      "calcnt=%d, errcnt=%d, stbcnt=%d, tai=%d}",
      FlagNames(t.modes, kTimexModeNames), t.offset, t.freq, t.maxerror,
      t.esterror,
      FlagNames(static_cast<uint32_t>(t.status), kTimexStatusNames), t.constant,
      t.precision, t.tolerance, t.time.tv_sec, t.time.tv_usec, t.tick,
      t.ppsfreq, t.jitter, t.shift, t.stabil, t.jitcnt, t.calcnt, t.errcnt,
      t.stbcnt, t.tai);
}

std::string GuestValues::TimeZone(GuestAddr addr) {
  int32_t zone[2];
  if (!Read(addr, &zone)) return PointerText(addr);
  return absl::StrCat("{tz_minuteswest=", zone[0], ", tz_dsttime=", zone[1],
                      "}");
}

std::string GuestValues::Utimbuf(GuestAddr addr) {
  utimbuf times;
  if (!Read(addr, &times)) return PointerText(addr);
  const auto date = [](time_t seconds) {
    return absl::StrCat(seconds, " /* ",
                        DateText({.tv_sec = seconds, .tv_usec = 0}), " */");
  };
  return absl::StrCat("{actime=", date(times.actime),
                      ", modtime=", date(times.modtime), "}");
}

std::string GuestValues::FileTimevals(GuestAddr addr) {
  timeval times[2];
  if (!Read(addr, &times)) return PointerText(addr);
  std::string text;
  for (const timeval& time : times) {
    absl::StrAppend(&text, text.empty() ? "[" : ", ", "{tv_sec=", time.tv_sec,
                    ", tv_usec=", time.tv_usec, "}");
    if (time.tv_sec == 0 && time.tv_usec == 0) continue;
    absl::StrAppend(&text, " /* ", DateText(time), " */");
  }
  return text + "]";
}

std::string GuestValues::Seconds(GuestAddr addr) {
  int64_t seconds = 0;
  if (!Read(addr, &seconds)) return PointerText(addr);
  return absl::StrCat("[", seconds, " /* ",
                      DateText({.tv_sec = seconds, .tv_usec = 0}), " */]");
}

std::string GuestValues::QueueAttributes(GuestAddr addr) {
  struct {
    int64_t flags, maxmsg, msgsize, curmsgs;
  } queue;
  if (!Read(addr, &queue)) return PointerText(addr);
  return absl::StrCat(
      "{mq_flags=",
      OpenFlagsText(static_cast<uint64_t>(queue.flags), /*has_access=*/false),
      ", mq_maxmsg=", queue.maxmsg, ", mq_msgsize=", queue.msgsize,
      ", mq_curmsgs=", queue.curmsgs, "}");
}

std::string GuestValues::FutexWaiters(GuestAddr addr, uint64_t count) {
  std::string text = "[";
  for (uint64_t i = 0; i < std::min(count, kShown); ++i) {
    struct {
      uint64_t value, address;
      uint32_t flags, reserved;
    } waiter;
    if (!Read(addr + sizeof(waiter) * i, &waiter)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "", "{val=",
                    waiter.value == 0 ? "0" : PointerText(waiter.value),
                    ", uaddr=", PointerText(waiter.address), ", flags=",
                    FlagNames(waiter.flags, kFutexWaitvNames), "}");
  }
  return absl::StrCat(text, count > kShown ? ", ...]" : "]");
}

std::string GuestValues::MsgStatus(GuestAddr addr) {
  msqid_ds queue;
  if (!Read(addr, &queue)) return PointerText(addr);
  return absl::StrFormat(
      "{msg_perm=%s, msg_stime=%d, msg_rtime=%d, msg_ctime=%d, msg_qnum=%d, "
      "msg_qbytes=%d, msg_lspid=%d, msg_lrpid=%d}",
      IpcPermText(queue.msg_perm), queue.msg_stime, queue.msg_rtime,
      queue.msg_ctime, queue.msg_qnum, queue.msg_qbytes, queue.msg_lspid,
      queue.msg_lrpid);
}

std::string GuestValues::SemStatus(GuestAddr addr) {
  semid_ds set;
  if (!Read(addr, &set)) return PointerText(addr);
  return absl::StrFormat(
      "{sem_perm=%s, sem_otime=%d, sem_ctime=%d, sem_nsems=%d}",
      IpcPermText(set.sem_perm), set.sem_otime, set.sem_ctime, set.sem_nsems);
}

std::string GuestValues::ShmStatus(GuestAddr addr) {
  shmid_ds segment;
  if (!Read(addr, &segment)) return PointerText(addr);
  return absl::StrFormat(
      "{shm_perm=%s, shm_segsz=%d, shm_cpid=%d, shm_lpid=%d, shm_nattch=%d, "
      "shm_atime=%d, shm_dtime=%d, shm_ctime=%d}",
      IpcPermText(segment.shm_perm), segment.shm_segsz, segment.shm_cpid,
      segment.shm_lpid, segment.shm_nattch, segment.shm_atime,
      segment.shm_dtime, segment.shm_ctime);
}

std::string GuestValues::NodeMask(GuestAddr addr, uint64_t bits) {
  const uint64_t words = bits / 64 + (bits % 64 != 0);
  if (addr == 0 || words == 0) return PointerText(addr);
  std::string text = "[";
  for (uint64_t i = 0; i < std::min(words, kShown); ++i) {
    uint64_t word = 0;
    if (!Read(addr + sizeof(word) * i, &word)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "",
                    word == 0 ? "0000000000000000"
                              : absl::StrFormat("0x%014x", word));
  }
  return absl::StrCat(text, words > kShown ? ", ...]" : "]");
}

std::string GuestValues::Residency(GuestAddr addr, uint64_t length) {
  const uint64_t pages = length / 4096 + (length % 4096 != 0);
  const std::string bytes = ReadBytes(addr, std::min(pages, kShown));
  if (addr == 0 || bytes.size() < std::min(pages, kShown)) {
    return PointerText(addr);
  }
  std::string text = "[";
  for (const char c : bytes) {
    absl::StrAppend(&text, text == "[" ? "" : ", ", c & 1);
  }
  return absl::StrCat(text, pages > kShown ? ", ...]" : "]");
}

}  // namespace emu
