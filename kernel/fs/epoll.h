// SPDX-License-Identifier: Apache-2.0
//
// epoll(7). An Epoll is the description behind an epoll descriptor: interests
// in other descriptions, and the list of those that may be ready, in the order
// in which they became so. An interest ends with the description that it is in,
// which it does not keep alive.

#ifndef KERNEL_FS_EPOLL_H_
#define KERNEL_FS_EPOLL_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arch/abi/epoll.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Epoll : public FileDescription {
 public:
  static const char kKind;
  // Epolls that may watch one another in a row.
  static constexpr int kMaxNesting = 4;

  explicit Epoll(Path path);
  ~Epoll() override;

  // epoll_ctl(2)'s operations on the interest in `file` as `fd`. EEXIST, ELOOP,
  // EINVAL; ENOENT.
  Result<> Add(Task& task, int fd, FileDescription& file,
               const abi::epoll_event& event);
  Result<> Modify(Task& task, int fd, FileDescription& file,
                  const abi::epoll_event& event);
  Result<> Remove(int fd, FileDescription& file);

  // epoll_wait(2) without the waiting: events written to `out`, at most `most`
  // of them. EFAULT.
  Result<int> Collect(Task& task, UserPtr<abi::epoll_event> out, int most);

  const void* kind() const override { return &kKind; }
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;

 private:
  class Interest;
  using Ready = std::list<Interest*>;

  Interest* Find(int fd, const FileDescription& file);
  void Forget(Interest& interest);
  // Forgets interests whose descriptions are gone.
  void Sweep();
  // Whether somebody waits for it.
  bool MarkReady(Interest& interest);
  // How many epolls are watched in a row from here; more than kMaxNesting if
  // `target` is among them.
  int DepthDown(const Epoll* target, int depth) const;
  int DepthUp(int depth) const;

  std::multimap<int, std::unique_ptr<Interest>> interests_;  // by descriptor
  size_t sweep_at_ = 64;  // interests at which to look for dead ones
  Ready ready_;
  std::vector<Epoll*> watchers_;  // epolls with an interest in this one
  WaitQueue wait_;
  abi::epoll_params busy_poll_ = {};  // remembered: there is no device to poll
};

}  // namespace emu

#endif  // KERNEL_FS_EPOLL_H_
