// SPDX-License-Identifier: Apache-2.0

#include "kernel/task.h"

#include <fcntl.h>
#include <limits.h>

#include "arch/abi/uio.h"
#include "kernel/kernel.h"
#include "kernel/process.h"

namespace emu {

// A task's interest in one queue.
class Task::QueueWaiter : public Waiter {
 public:
  explicit QueueWaiter(Task& task) : task_(task) {}

 private:
  bool OnWake(uint32_t) override {
    task_.Wake();
    return true;
  }
  Task& task_;
};

// The end of a task's wait.
class Task::Deadline : public Timer {
 public:
  explicit Deadline(Task& task) : task_(task) {}

 private:
  void OnTime() override { task_.Wake(); }
  Task& task_;
};

Task::Task(Process& process, Pid tid, std::unique_ptr<Cpu> cpu)
    : process_(process),
      kernel_(process.kernel()),
      tid_(tid),
      cpu_(std::move(cpu)),
      deadline_(std::make_unique<Deadline>(*this)) {}

Task::~Task() { kernel_.scheduler().Remove(*this); }

Clock& Task::clock() const { return kernel_.clock(); }

bool Task::IsLeader() const { return tid_ == process_.pid(); }

Result<std::string> Task::ReadPath(UserCString from) {
  return mm->CopyString(from.addr(), PATH_MAX - 1);
}

Result<IovIter> Task::ReadIov(GuestAddr iov, uint64_t count) {
  if (count > IOV_MAX) return Errno(EINVAL);
  const std::vector<abi::iovec> vectors =
      TRY(ReadArray(UserPtr<const abi::iovec>(iov), count));
  // read(2): a call moves at most this much.
  constexpr uint64_t kMost = INT32_MAX & ~(kPageSize - 1);
  std::vector<GuestBuffer> buffers;
  buffers.reserve(count);
  uint64_t total = 0;
  for (const abi::iovec& v : vectors) {
    if (static_cast<int64_t>(v.iov_len) < 0) return Errno(EINVAL);
    const uint64_t length = std::min(v.iov_len, kMost - total);
    if (length > 0 && (v.iov_base >= mm->space().highest() ||
                       length > mm->space().highest() - v.iov_base)) {
      return Errno(EFAULT);
    }
    buffers.push_back({v.iov_base, length});
    total += length;
  }
  return IovIter(*mm, buffers);
}

Result<FileRef> Task::GetAnyFile(Fd fd) { return files->Get(fd); }

Result<FileRef> Task::GetFile(Fd fd) {
  FileDescription* file = files->Peek(fd);
  if (file == nullptr || file->path_only()) return Errno(EBADF);
  return file->shared_from_this();
}

Result<Fd> Task::AddFd(FileRef file, bool cloexec, int lowest) {
  return files->Add(std::move(file), cloexec, process_.limit(RLIMIT_NOFILE),
                    lowest);
}

Result<Path> Task::StartOf(Fd dirfd) {
  if (dirfd.value == AT_FDCWD) return fs->cwd;
  const FileRef file = TRY(files->Get(dirfd));
  return file->path();
}

void Task::WaitOn(WaitQueue& queue, uint32_t events) {
  if (waiting_ == waiters_.size()) {
    waiters_.push_back(std::make_unique<QueueWaiter>(*this));
  }
  queue.Add(*waiters_[waiting_++], events);
}

void Task::WaitUntil(Nanos deadline) {
  if (!pending_.rerun) pending_.deadline = deadline;
}

bool Task::DeadlinePassed() const {
  return pending_.deadline <= kernel_.clock().now();
}

Errno Task::Block() {
  if (pending_.deadline != kNever) {
    kernel_.clock().Arm(*deadline_, pending_.deadline);
  }
  return kBlocked;
}

void Task::Park() { state_ = State::kParked; }

void Task::Wake() {
  if (state_ != State::kParked) return;
  StopWaiting();
  state_ = State::kRunnable;
  kernel_.Emit(Event::Kind::kWake, *this);
  kernel_.scheduler().Add(*this);
}

void Task::StopWaiting() {
  for (size_t i = 0; i < waiting_; ++i) waiters_[i]->Leave();
  waiting_ = 0;
  deadline_->Disarm();
}

std::vector<const WaitQueue*> Task::WaitsOn() const {
  std::vector<const WaitQueue*> queues;
  for (size_t i = 0; i < waiting_; ++i) {
    if (waiters_[i]->queued()) queues.push_back(waiters_[i]->queue());
  }
  return queues;
}

}  // namespace emu
