// SPDX-License-Identifier: Apache-2.0

#include "kernel/sysfs/sysfs.h"

#include <linux/magic.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/procfs/cpu_list.h"
#include "kernel/procfs/pseudo_fs.h"

namespace emu {
namespace {

// What st_size says of a sysfs file.
constexpr uint64_t kTextSize = 4096;

class SimpleFs : public PseudoFs {
 public:
  using PseudoFs::PseudoFs;
  InodeRef root() override { return root_; }
  void set_root(InodeRef root) { root_ = std::move(root); }

 private:
  InodeRef root_;
};

std::string Line(absl::string_view text) { return absl::StrCat(text, "\n"); }

struct Cache {
  int level;
  const char* type;
  const char* size;
  const char* sets;
  const char* ways;
};
constexpr Cache kCaches[] = {
    {1, "Data", "32K", "64", "8"},
    {1, "Instruction", "32K", "64", "8"},
    {2, "Unified", "1024K", "1024", "16"},
};

void AddCpu(PseudoDirectory& cpu, int number, int cpus) {
  const uint64_t self = uint64_t{1} << std::min(number, 63);
  const uint64_t all = FirstCpus(cpus);
  PseudoDirectory& topology = cpu.Directory("topology");
  topology.AddText("core_id", Line(absl::StrCat(number)));
  topology.AddText("die_id", "0\n");
  topology.AddText("physical_package_id", "0\n");
  for (const char* name : {"thread_siblings", "core_cpus"}) {
    topology.AddText(name, Line(CpuMask(self)));
    topology.AddText(absl::StrCat(name, "_list"), Line(CpuList(self)));
  }
  for (const char* name : {"core_siblings", "package_cpus", "die_cpus"}) {
    topology.AddText(name, Line(CpuMask(all)));
    topology.AddText(absl::StrCat(name, "_list"), Line(CpuList(all)));
  }
  int index = 0;
  for (const Cache& cache : kCaches) {
    PseudoDirectory& node =
        cpu.Directory(absl::StrCat("cache/index", index++));
    node.AddText("coherency_line_size", "64\n");
    node.AddText("level", Line(absl::StrCat(cache.level)));
    node.AddText("number_of_sets", Line(cache.sets));
    node.AddText("physical_line_partition", "1\n");
    node.AddText("shared_cpu_list", Line(CpuList(self)));
    node.AddText("shared_cpu_map", Line(CpuMask(self)));
    node.AddText("size", Line(cache.size));
    node.AddText("type", Line(cache.type));
    node.AddText("ways_of_associativity", Line(cache.ways));
  }
}

void AddCpus(Kernel& kernel, PseudoDirectory& root) {
  const int cpus = kernel.options().cpus;
  const std::string list = Line(CpuList(FirstCpus(cpus)));
  PseudoDirectory& cpu = root.Directory("devices/system/cpu");
  cpu.AddText("online", list);
  cpu.AddText("possible", list);
  cpu.AddText("present", list);
  cpu.AddText("offline", "\n");
  cpu.AddText("isolated", "\n");
  cpu.AddText("kernel_max", Line(absl::StrCat(cpus - 1)));
  for (int i = 0; i < cpus; ++i) {
    AddCpu(cpu.Directory(absl::StrCat("cpu", i)), i, cpus);
  }
}

void AddMemoryNode(Kernel& kernel, PseudoDirectory& root) {
  PseudoDirectory& nodes = root.Directory("devices/system/node");
  for (const char* name :
       {"online", "possible", "has_cpu", "has_memory", "has_normal_memory"}) {
    nodes.AddText(name, "0\n");
  }
  const uint64_t cpus = FirstCpus(kernel.options().cpus);
  const uint64_t kilobytes = kernel.options().memory / 1024;
  PseudoDirectory& node = nodes.Directory("node0");
  node.AddText("cpulist", Line(CpuList(cpus)));
  node.AddText("cpumap", Line(CpuMask(cpus)));
  node.AddText("distance", "10\n");
  node.AddText("meminfo",
               absl::StrFormat("Node 0 MemTotal:       %d kB\n"
                               "Node 0 MemFree:        %d kB\n"
                               "Node 0 MemUsed:        0 kB\n",
                               kilobytes, kilobytes));
  node.AddText("numastat",
               "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\n"
               "local_node 0\nother_node 0\n");
}

void AddNetwork(PseudoDirectory& root) {
  PseudoDirectory& lo = root.Directory("devices/virtual/net/lo");
  lo.AddText("address", "00:00:00:00:00:00\n");
  lo.AddText("addr_len", "6\n");
  lo.AddText("broadcast", "00:00:00:00:00:00\n");
  lo.AddText("carrier", "1\n");
  lo.AddText("flags", "0x9\n");
  lo.AddText("ifindex", "1\n");
  lo.AddText("iflink", "1\n");
  lo.AddText("mtu", "65536\n");
  lo.AddText("operstate", "unknown\n");
  lo.AddText("tx_queue_len", "1000\n");
  lo.AddText("type", "772\n");
  for (const char* name :
       {"rx_bytes", "rx_dropped", "rx_errors", "rx_packets", "tx_bytes",
        "tx_dropped", "tx_errors", "tx_packets"}) {
    lo.Directory("statistics").AddText(name, "0\n");
  }
  root.Directory("class/net").AddLink("lo", "../../devices/virtual/net/lo");
}

void AddHugePages(PseudoDirectory& root) {
  PseudoDirectory& mm = root.Directory("kernel/mm");
  PseudoDirectory& huge = mm.Directory("transparent_hugepage");
  huge.AddText("defrag", "always defer defer+madvise madvise [never]\n");
  huge.AddText("enabled", "always madvise [never]\n");
  huge.AddText("hpage_pmd_size", "2097152\n");
  huge.AddText("shmem_enabled",
               "always within_size advise [never] deny force\n");
  huge.AddText("use_zero_page", "1\n");
  PseudoDirectory& pool = mm.Directory("hugepages/hugepages-2048kB");
  for (const char* name :
       {"free_hugepages", "nr_hugepages", "nr_overcommit_hugepages",
        "resv_hugepages", "surplus_hugepages"}) {
    pool.AddText(name, "0\n");
  }
}

}  // namespace

std::unique_ptr<FileSystem> NewSysfs(Kernel& kernel) {
  auto fs = std::make_unique<SimpleFs>(
      kernel, "sysfs", kernel.mounts().NextDevice(), SYSFS_MAGIC);
  fs->set_text_size(kTextSize);
  auto root = std::make_shared<PseudoDirectory>(*fs);
  for (const char* name :
       {"block", "bus", "class/block", "dev/block", "dev/char", "firmware",
        "fs/cgroup", "hypervisor", "kernel", "module", "power"}) {
    root->Directory(name);
  }
  AddCpus(kernel, *root);
  AddMemoryNode(kernel, *root);
  AddNetwork(*root);
  AddHugePages(*root);
  fs->set_root(std::move(root));
  return fs;
}

std::unique_ptr<FileSystem> NewCgroupFs(Kernel& kernel) {
  auto fs = std::make_unique<SimpleFs>(kernel, "cgroup2",
                                       kernel.mounts().NextDevice(),
                                       CGROUP2_SUPER_MAGIC);
  auto root = std::make_shared<PseudoDirectory>(*fs);
  root->AddText("cgroup.controllers", "\n");
  root->AddText("cgroup.subtree_control", "\n", 0644);
  root->AddText("cgroup.procs", "", 0644);
  fs->set_root(std::move(root));
  return fs;
}

}  // namespace emu
