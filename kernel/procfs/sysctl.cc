// SPDX-License-Identifier: Apache-2.0
//
// /proc/sys: the settings that programs ask for. None of them can be changed,
// by anyone.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/kernel.h"
#include "kernel/procfs/procfs.h"
#include "kernel/procfs/pseudo_fs.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"
#include "kernel/uts.h"

namespace emu {
namespace {

struct Sysctl {
  const char* directory;
  const char* name;
  const char* value;
};

constexpr Sysctl kSysctls[] = {
    {"fs", "aio-max-nr", "65536"},
    {"fs", "aio-nr", "0"},
    {"fs", "dentry-state", "0\t0\t45\t0\t0\t0"},
    {"fs", "file-max", "9223372036854775807"},
    {"fs", "inode-nr", "0\t0"},
    {"fs", "inode-state", "0\t0\t0\t0\t0\t0\t0"},
    {"fs", "lease-break-time", "45"},
    {"fs", "leases-enable", "1"},
    {"fs", "mount-max", "100000"},
    {"fs", "nr_open", "1048576"},
    {"fs", "overflowgid", "65534"},
    {"fs", "overflowuid", "65534"},
    {"fs", "pipe-max-size", "1048576"},
    {"fs", "pipe-user-pages-hard", "0"},
    {"fs", "pipe-user-pages-soft", "16384"},
    {"fs", "protected_fifos", "0"},
    {"fs", "protected_hardlinks", "0"},
    {"fs", "protected_regular", "0"},
    {"fs", "protected_symlinks", "0"},
    {"fs", "suid_dumpable", "0"},
    {"fs/epoll", "max_user_watches", "1048576"},
    {"fs/inotify", "max_queued_events", "16384"},
    {"fs/inotify", "max_user_instances", "128"},
    {"fs/inotify", "max_user_watches", "1048576"},
    {"fs/mqueue", "msg_default", "10"},
    {"fs/mqueue", "msg_max", "10"},
    {"fs/mqueue", "msgsize_default", "8192"},
    {"fs/mqueue", "msgsize_max", "8192"},
    {"fs/mqueue", "queues_max", "256"},
    {"kernel", "auto_msgmni", "0"},
    {"kernel", "cap_last_cap", "40"},
    {"kernel", "core_pattern", "core"},
    {"kernel", "core_pipe_limit", "0"},
    {"kernel", "core_uses_pid", "0"},
    {"kernel", "dmesg_restrict", "1"},
    {"kernel", "io_uring_disabled", "2"},
    {"kernel", "kptr_restrict", "1"},
    {"kernel", "msgmax", "8192"},
    {"kernel", "msgmnb", "16384"},
    {"kernel", "msgmni", "32000"},
    {"kernel", "ngroups_max", "65536"},
    {"kernel", "numa_balancing", "0"},
    {"kernel", "osrelease", kRelease},
    {"kernel", "ostype", kSysName},
    {"kernel", "overflowgid", "65534"},
    {"kernel", "overflowuid", "65534"},
    {"kernel", "panic", "0"},
    {"kernel", "panic_on_oops", "0"},
    {"kernel", "perf_event_paranoid", "4"},
    {"kernel", "pid_max", "4194304"},
    {"kernel", "printk", "4\t4\t1\t7"},
    {"kernel", "randomize_va_space", "2"},
    {"kernel", "sched_child_runs_first", "0"},
    {"kernel", "sched_rr_timeslice_ms", "100"},
    {"kernel", "sched_rt_period_us", "1000000"},
    {"kernel", "sched_rt_runtime_us", "950000"},
    {"kernel", "sem", "32000\t1024000000\t500\t32000"},
    {"kernel", "shm_rmid_forced", "0"},
    {"kernel", "shmall", "18446744073692774399"},
    {"kernel", "shmmax", "18446744073692774399"},
    {"kernel", "shmmni", "4096"},
    {"kernel", "sysrq", "0"},
    {"kernel", "tainted", "0"},
    {"kernel", "unprivileged_bpf_disabled", "2"},
    {"kernel", "version", kVersion},
    {"kernel/pty", "max", "4096"},
    {"kernel/pty", "reserve", "1024"},
    {"kernel/random", "entropy_avail", "256"},
    {"kernel/random", "poolsize", "256"},
    {"kernel/random", "urandom_min_reseed_secs", "60"},
    {"kernel/random", "write_wakeup_threshold", "256"},
    {"kernel/seccomp", "actions_avail", ""},
    {"kernel/yama", "ptrace_scope", "1"},
    {"net/core", "bpf_jit_enable", "0"},
    {"net/core", "optmem_max", "131072"},
    {"net/core", "rmem_default", "212992"},
    {"net/core", "rmem_max", "212992"},
    {"net/core", "somaxconn", "4096"},
    {"net/core", "wmem_default", "212992"},
    {"net/core", "wmem_max", "212992"},
    {"net/ipv4", "ip_default_ttl", "64"},
    {"net/ipv4", "ip_forward", "0"},
    {"net/ipv4", "ip_local_port_range", "32768\t60999"},
    {"net/ipv4", "ip_nonlocal_bind", "0"},
    {"net/ipv4", "ip_unprivileged_port_start", "1024"},
    {"net/ipv4", "ping_group_range", "1\t0"},
    {"net/ipv4", "tcp_allowed_congestion_control", "reno cubic"},
    {"net/ipv4", "tcp_available_congestion_control", "reno cubic"},
    {"net/ipv4", "tcp_congestion_control", "cubic"},
    {"net/ipv4", "tcp_fin_timeout", "60"},
    {"net/ipv4", "tcp_keepalive_intvl", "75"},
    {"net/ipv4", "tcp_keepalive_probes", "9"},
    {"net/ipv4", "tcp_keepalive_time", "7200"},
    {"net/ipv4", "tcp_max_syn_backlog", "1024"},
    {"net/ipv4", "tcp_rmem", "4096\t131072\t6291456"},
    {"net/ipv4", "tcp_sack", "1"},
    {"net/ipv4", "tcp_syncookies", "1"},
    {"net/ipv4", "tcp_timestamps", "1"},
    {"net/ipv4", "tcp_window_scaling", "1"},
    {"net/ipv4", "tcp_wmem", "4096\t16384\t4194304"},
    {"net/ipv6", "bindv6only", "0"},
    {"net/ipv6/conf/all", "disable_ipv6", "0"},
    {"net/ipv6/conf/default", "disable_ipv6", "0"},
    {"net/ipv6/conf/lo", "disable_ipv6", "0"},
    {"net/unix", "max_dgram_qlen", "512"},
    {"user", "max_mnt_namespaces", "0"},
    {"user", "max_user_namespaces", "0"},
    {"vm", "dirty_background_ratio", "10"},
    {"vm", "dirty_expire_centisecs", "3000"},
    {"vm", "dirty_ratio", "20"},
    {"vm", "dirty_writeback_centisecs", "500"},
    {"vm", "drop_caches", "0"},
    {"vm", "legacy_va_layout", "0"},
    {"vm", "max_map_count", "65530"},
    {"vm", "memfd_noexec", "0"},
    {"vm", "min_free_kbytes", "67584"},
    {"vm", "mmap_min_addr", "65536"},
    {"vm", "nr_hugepages", "0"},
    {"vm", "nr_overcommit_hugepages", "0"},
    {"vm", "overcommit_kbytes", "0"},
    {"vm", "overcommit_memory", "0"},
    {"vm", "overcommit_ratio", "50"},
    {"vm", "page-cluster", "3"},
    {"vm", "swappiness", "60"},
    {"vm", "unprivileged_userfaultfd", "0"},
    {"vm", "vfs_cache_pressure", "100"},
    {"vm", "zone_reclaim_mode", "0"},
};

constexpr uint32_t kMode = 0644;

// Version 4, as RFC 9562 has it.
std::string RandomUuid(Kernel& kernel) {
  unsigned char b[16];
  kernel.env().FillRandom(
      absl::MakeSpan(reinterpret_cast<char*>(b), sizeof(b)));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  return absl::StrFormat(
      "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
      b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
      b[12], b[13], b[14], b[15]);
}

uint64_t CountOpenFiles(Kernel& kernel) {
  uint64_t count = 0;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    const Task* task = process->LiveTask();
    if (task == nullptr || task->files == nullptr) continue;
    for (int fd = 0; fd < task->files->size(); ++fd) {
      count += task->files->slot(fd).file != nullptr;
    }
  }
  return count;
}

}  // namespace

void AddSysctls(Kernel& kernel, PseudoDirectory& sys) {
  for (const Sysctl& sysctl : kSysctls) {
    sys.Directory(sysctl.directory)
        .AddText(sysctl.name, absl::StrCat(sysctl.value, "\n"), kMode);
  }
  const auto add = [&](const char* directory, const char* name,
                       std::string (*value)(Kernel&)) {
    sys.Directory(directory).AddFile(
        name, [&kernel, value](Task&) { return value(kernel); }, kMode);
  };
  add("fs", "file-nr", [](Kernel& k) {
    return absl::StrCat(CountOpenFiles(k), "\t0\t9223372036854775807\n");
  });
  add("kernel", "hostname", [](Kernel& k) {
    return absl::StrCat(k.subsystems().uts.nodename, "\n");
  });
  add("kernel", "domainname", [](Kernel& k) {
    return absl::StrCat(k.subsystems().uts.domainname, "\n");
  });
  add("kernel", "threads-max", [](Kernel& k) {
    return absl::StrCat(k.options().pids_limit, "\n");
  });
  add("kernel/pty", "nr", [](Kernel&) { return std::string("0\n"); });
  add("kernel/random", "uuid", RandomUuid);
  // One for the whole run, made when it is first asked for.
  auto boot_id = std::make_shared<std::string>();
  sys.Directory("kernel/random")
      .AddFile(
          "boot_id",
          [&kernel, boot_id](Task&) {
            if (boot_id->empty()) *boot_id = RandomUuid(kernel);
            return *boot_id;
          },
          0444);
}

}  // namespace emu
