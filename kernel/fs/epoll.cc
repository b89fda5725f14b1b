// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/epoll.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "kernel/task.h"

namespace emu {
namespace {
// Bits of `events` that say how to watch and not what for.
constexpr uint32_t kHow = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
constexpr uint32_t kAlways = EPOLLERR | EPOLLHUP;
constexpr uint16_t kMostBusyPollBudget = 64;  // NAPI_POLL_WEIGHT
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
}  // namespace

class Epoll::Interest : public Waiter {
 public:
  Interest(Epoll& epoll, int fd, FileDescription& file)
      : epoll_(epoll), fd_(fd), file_(file.weak_from_this()) {
    if (Epoll* inner = FileAs<Epoll>(file)) {
      inner->watchers_.push_back(&epoll_);
    }
  }
  ~Interest() override {
    Unlist();
    const FileRef file = file_.lock();
    if (file == nullptr) return;
    if (Epoll* inner = FileAs<Epoll>(*file)) {
      auto& watchers = inner->watchers_;
      watchers.erase(std::find(watchers.begin(), watchers.end(), &epoll_));
    }
  }

  int fd() const { return fd_; }
  uint32_t events() const { return events_; }
  uint64_t data() const { return data_; }
  FileRef file() const { return file_.lock(); }
  bool alive() const { return !file_.expired(); }
  bool exclusive() const { return (events_ & EPOLLEXCLUSIVE) != 0; }

  // Watches with these from now on.
  void Watch(FileDescription& file, const abi::epoll_event& event) {
    events_ = event.events | kAlways;
    data_ = event.data;
    WaitQueue* queue = file.wait_queue();
    if (queue == nullptr) return;
    if (exclusive()) return queue->AddExclusive(*this, events_);
    queue->Add(*this, events_);
  }
  // What holds now of what is watched for.
  uint32_t Check(Task& task) const {
    const FileRef file = file_.lock();
    return file == nullptr ? 0 : file->Poll(task) & events_ & ~kHow;
  }
  // EPOLLONESHOT: reported, and silent until modified.
  void Silence() { events_ &= kHow; }

  bool listed() const { return listed_; }
  void List(bool at_front = false) {
    if (listed_) return;
    place_ = epoll_.ready_.insert(
        at_front ? epoll_.ready_.begin() : epoll_.ready_.end(), this);
    listed_ = true;
  }
  void Unlist() {
    if (listed_) epoll_.ready_.erase(place_);
    listed_ = false;
  }

 private:
  bool OnWake(uint32_t events) override {
    if (!alive()) {
      Leave();
      return false;
    }
    return (events_ & ~kHow & events) != 0 && epoll_.MarkReady(*this);
  }

  Epoll& epoll_;
  const int fd_;
  const std::weak_ptr<FileDescription> file_;
  uint32_t events_ = 0;
  uint64_t data_ = 0;
  bool listed_ = false;
  Ready::iterator place_;
};

const char Epoll::kKind = 0;

Epoll::Epoll(Path path) : FileDescription(std::move(path), O_RDWR) {}
// Interests take themselves off the list of the ready.
Epoll::~Epoll() { interests_.clear(); }

Epoll::Interest* Epoll::Find(int fd, const FileDescription& file) {
  const auto [begin, end] = interests_.equal_range(fd);
  for (auto it = begin; it != end; ++it) {
    if (it->second->file().get() == &file) return it->second.get();
  }
  return nullptr;
}

void Epoll::Forget(Interest& interest) {
  const auto [begin, end] = interests_.equal_range(interest.fd());
  for (auto it = begin; it != end; ++it) {
    if (it->second.get() != &interest) continue;
    interests_.erase(it);
    return;
  }
}

void Epoll::Sweep() {
  if (interests_.size() < sweep_at_) return;
  std::erase_if(interests_,
                [](const auto& entry) { return !entry.second->alive(); });
  sweep_at_ = std::max<size_t>(64, interests_.size() * 2);
}

bool Epoll::MarkReady(Interest& interest) {
  interest.List();
  return wait_.Wake(kReadable);
}

int Epoll::DepthDown(const Epoll* target, int depth) const {
  int deepest = 0;
  for (const auto& [fd, interest] : interests_) {
    const FileRef file = interest->file();
    const Epoll* inner = file == nullptr ? nullptr : FileAs<Epoll>(*file);
    if (inner == nullptr) continue;
    deepest = inner == target || depth > kMaxNesting
                  ? kMaxNesting + 1
                  : std::max(deepest, inner->DepthDown(target, depth + 1) + 1);
    if (deepest > kMaxNesting) break;
  }
  return deepest;
}

int Epoll::DepthUp(int depth) const {
  int highest = 0;
  if (depth > kMaxNesting) return highest;
  for (const Epoll* outer : watchers_) {
    highest = std::max(highest, outer->DepthUp(depth + 1) + 1);
  }
  return highest;
}

Result<> Epoll::Add(Task& task, int fd, FileDescription& file,
                    const abi::epoll_event& event) {
  if (const Epoll* inner = FileAs<Epoll>(file)) {
    const int depth = inner->DepthDown(this, 0);
    if (depth > kMaxNesting || depth + 1 + DepthUp(0) > kMaxNesting) {
      return Errno(ELOOP);
    }
  }
  if (Find(fd, file) != nullptr) return Errno(EEXIST);
  Sweep();
  auto made = std::make_unique<Interest>(*this, fd, file);
  Interest& interest = *made;
  interests_.emplace(fd, std::move(made));
  interest.Watch(file, event);
  if (interest.Check(task) != 0) MarkReady(interest);
  return {};
}

Result<> Epoll::Modify(Task& task, int fd, FileDescription& file,
                       const abi::epoll_event& event) {
  Interest* interest = Find(fd, file);
  if (interest == nullptr) return Errno(ENOENT);
  if (interest->exclusive()) return Errno(EINVAL);
  interest->Watch(file, event);
  if (interest->Check(task) != 0) MarkReady(*interest);
  return {};
}

Result<> Epoll::Remove(int fd, FileDescription& file) {
  Interest* interest = Find(fd, file);
  if (interest == nullptr) return Errno(ENOENT);
  Forget(*interest);
  return {};
}

// What is listed is looked at anew: what holds no more goes off the list. What
// was reported goes to its end if it is watched by level; what did not fit
// stays in front.
Result<int> Epoll::Collect(Task& task, UserPtr<abi::epoll_event> out,
                           int most) {
  std::vector<Interest*> found;
  std::vector<abi::epoll_event> events;
  for (auto it = ready_.begin();
       it != ready_.end() && static_cast<int>(found.size()) < most;) {
    Interest& interest = **it++;
    const uint32_t holds = interest.Check(task);
    if (holds == 0) {
      interest.Unlist();
      if (!interest.alive()) Forget(interest);
      continue;
    }
    found.push_back(&interest);
    events.push_back({.events = holds, .data = interest.data()});
  }
  if (found.empty()) return 0;
  const size_t copied = task.mm->CopyOutPartial(
      out.addr(), events.data(), events.size() * sizeof(abi::epoll_event));
  const size_t told = copied / sizeof(abi::epoll_event);
  if (told == 0) return Errno(EFAULT);
  for (size_t i = 0; i < told; ++i) {
    Interest& interest = *found[i];
    interest.Unlist();
    if ((interest.events() & EPOLLONESHOT) != 0) {
      interest.Silence();
    } else if ((interest.events() & EPOLLET) == 0) {
      interest.List();
    }
  }
  // Others that wait may have what is left, or the same by level.
  if (!ready_.empty()) wait_.Wake(kReadable);
  return told;
}

uint32_t Epoll::Poll(Task& task) {
  for (auto it = ready_.begin(); it != ready_.end();) {
    Interest& interest = **it++;
    if (interest.Check(task) != 0) return kReadable;
    interest.Unlist();
    if (!interest.alive()) Forget(interest);
  }
  return 0;
}

Result<int64_t> Epoll::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  if (request == abi::kEpollGetParams) {
    TRY(task.Write(UserPtr<abi::epoll_params>(arg), busy_poll_));
    return 0;
  }
  if (request != abi::kEpollSetParams) return Errno(EINVAL);
  const abi::epoll_params params =
      TRY(task.Read(UserPtr<const abi::epoll_params>(arg)));
  if (params.pad != 0 || params.busy_poll_usecs > INT32_MAX ||
      params.prefer_busy_poll > 1) {
    return Errno(EINVAL);
  }
  if (params.busy_poll_budget > kMostBusyPollBudget &&
      !task.creds->Has(CAP_NET_ADMIN)) {
    return Errno(EPERM);
  }
  busy_poll_ = params;
  return 0;
}

std::string Epoll::FdInfo() {
  std::string lines;
  for (const auto& [fd, interest] : interests_) {
    const FileRef file = interest->file();
    if (file == nullptr) continue;
    absl::StrAppendFormat(
        &lines, "tfd: %8d events: %8x data: %16x  pos:%d ino:%x sdev:%x\n", fd,
        interest->events(), interest->data(), file->offset, file->inode().ino(),
        file->inode().fs().device());
  }
  return lines;
}

}  // namespace emu
