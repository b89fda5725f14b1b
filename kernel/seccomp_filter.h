// SPDX-License-Identifier: Apache-2.0
//
// seccomp(2)'s filters: classic BPF programs that say what becomes of a call,
// checked when they are made, and interpreted. Each knows those that were
// installed before it; a chain is shared by the tasks that inherited it.

#ifndef KERNEL_SECCOMP_FILTER_H_
#define KERNEL_SECCOMP_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "arch/abi/seccomp.h"
#include "arch/result.h"

namespace emu {

class SeccompFilter {
 public:
  using Program = std::vector<abi::sock_filter>;
  using Ref = std::shared_ptr<const SeccompFilter>;

  // `program` in front of `previous` (which may be null). EINVAL: it could read
  // outside of what it is given, or never end; ENOMEM: the chain is too long.
  static Result<Ref> Create(Program program, Ref previous);
  ~SeccompFilter();

  // What the whole chain says of a call: the strictest SECCOMP_RET_* with its
  // data.
  uint32_t Run(const abi::seccomp_data& data) const;
  // Filters in the chain.
  int count() const { return count_; }
  // Whether `other` (which may be null) is this chain, or an end of it.
  bool Extends(const SeccompFilter* other) const;

 private:
  SeccompFilter(Program program, Ref previous);
  uint32_t RunOne(const abi::seccomp_data& data) const;

  const Program program_;
  Ref previous_;
  const int count_;
  const size_t cost_;  // instructions of the chain, and some for each filter
};

}  // namespace emu

#endif  // KERNEL_SECCOMP_FILTER_H_
