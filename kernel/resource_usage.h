// SPDX-License-Identifier: Apache-2.0
//
// getrusage(2)'s numbers. Times are counted in calls, so that they are the same
// in every run; what a run cannot know the same way twice is zero.

#ifndef KERNEL_RESOURCE_USAGE_H_
#define KERNEL_RESOURCE_USAGE_H_

#include "arch/abi/resource.h"

namespace emu {

class Process;
class Task;

abi::rusage UsageOf(const Task& task);
abi::rusage UsageOf(const Process& process);
abi::rusage UsageOfChildren(const Process& process);
// As the parent sees it: with the children that the process has waited for.
abi::rusage UsageWithChildren(const Process& process);

}  // namespace emu

#endif  // KERNEL_RESOURCE_USAGE_H_
