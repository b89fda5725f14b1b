// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/pty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "kernel/dev/devpts.h"
#include "kernel/fs/write_all.h"
#include "kernel/task.h"

namespace emu {
namespace {

// Whether ^S and ^Q are what stops and starts output: then a master in packet
// mode may do so itself.
bool UsesUsualFlowControl(const abi::termios2& s) {
  return (s.c_iflag & IXON) != 0 && s.c_cc[VSTOP] == 023 &&
         s.c_cc[VSTART] == 021;
}

}  // namespace

void Pty::AddStatus(uint8_t set, uint8_t clear) {
  if (!packet_mode_) return;
  status_ = static_cast<uint8_t>((status_ & ~clear) | set);
  master_queue_.Wake(POLLIN | POLLRDNORM | POLLPRI);
}

void Pty::SetPacketMode(bool on) {
  if (on && !packet_mode_) status_ = 0;
  packet_mode_ = on;
}

uint8_t Pty::TakeStatus() {
  const uint8_t status = status_;
  status_ = 0;
  return status;
}

void Pty::OnMasterClosed() {
  master_open_ = false;
  output_.clear();
  HangUp();
}

void Pty::SetSettings(const abi::termios2& settings) {
  const abi::termios2 old = discipline().settings();
  Terminal::SetSettings(settings);
  const bool usual = UsesUsualFlowControl(settings);
  uint8_t status = 0;
  if (usual != UsesUsualFlowControl(old)) {
    status = usual ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP;
  }
  if (((old.c_lflag ^ settings.c_lflag) & EXTPROC) != 0) {
    status |= TIOCPKT_IOCTL;
  }
  if (status != 0) AddStatus(status, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
}

void Pty::FlushInput() {
  Terminal::FlushInput();
  AddStatus(TIOCPKT_FLUSHREAD);
}

// What was written is with the master at once, where no flush takes it back.
void Pty::FlushOutput() { AddStatus(TIOCPKT_FLUSHWRITE); }

Result<> Pty::OnOpen() {
  if (!master_open_ || locked) return Errno(EIO);
  ++slaves_;
  slave_closed_ = false;
  return {};
}

void Pty::OnClose() {
  if (--slaves_ > 0) return;
  slave_closed_ = true;
  packet_mode_ = false;
  master_queue_.Wake();
}

size_t Pty::OutputRoom() {
  return output_.size() < kOutput ? kOutput - output_.size() : 0;
}

void Pty::Output(absl::string_view bytes) {
  if (!master_open_) return;
  // Echo has no writer that could wait.
  if (output_.size() >= 2 * kOutput) return;
  output_.append(bytes.data(), bytes.size());
  master_queue_.Wake(POLLIN | POLLRDNORM);
}

void Pty::OnSignalCharacter(int signo, bool flush) {
  Terminal::OnSignalCharacter(signo, flush);
  if (flush) AddStatus(TIOCPKT_FLUSHREAD);
}

void Pty::OnFlow(bool stopped) {
  Terminal::OnFlow(stopped);
  if (stopped) {
    AddStatus(TIOCPKT_STOP, TIOCPKT_START);
  } else {
    AddStatus(TIOCPKT_START, TIOCPKT_STOP);
  }
}

PtyMaster::PtyMaster(Devpts& devpts, std::shared_ptr<Pty> pty,
                     const Path& path, int flags)
    : FileDescription(path, flags), devpts_(devpts), pty_(std::move(pty)) {}

PtyMaster::~PtyMaster() {
  devpts_.Release(*pty_);
  pty_->OnMasterClosed();
}

Result<size_t> PtyMaster::Read(Task&, IovIter& to, uint64_t) {
  if (to.remaining() == 0) return 0;
  std::string& output = pty_->output();
  if (pty_->packet_mode() && pty_->status() != 0) {
    const uint8_t status = pty_->TakeStatus();
    return to.Put(&status, 1);
  }
  if (output.empty()) return Errno(pty_->slave_closed() ? EIO : EAGAIN);
  size_t prefix = 0;
  if (pty_->packet_mode()) {
    const uint8_t status = TIOCPKT_DATA;
    prefix = TRY(to.Put(&status, 1));
  }
  const size_t size = std::min<uint64_t>(output.size(), to.remaining());
  const size_t n = TRY(to.Put(output.data(), size));
  output.erase(0, n);
  pty_->queue().Wake(POLLOUT | POLLWRNORM);
  return prefix + n;
}

Result<size_t> PtyMaster::Write(Task& task, IovIter& from, uint64_t) {
  const auto step = [&](IovIter& rest) -> Result<size_t> {
    if (rest.remaining() == 0) return 0;
    std::string bytes(std::min<uint64_t>(rest.remaining(),
                                         pty_->TypingRoom()), 0);
    if (bytes.empty()) return Errno(EAGAIN);
    const size_t n = TRY(rest.Get(bytes.data(), bytes.size()));
    return pty_->Type(absl::string_view(bytes).substr(0, n));
  };
  return WriteAll(task, from, !nonblocking(), step);
}

uint32_t PtyMaster::Poll(Task&) {
  uint32_t events = 0;
  if (!pty_->output().empty()) events |= POLLIN | POLLRDNORM;
  if (pty_->packet_mode() && pty_->status() != 0) {
    events |= POLLPRI | POLLIN | POLLRDNORM;
  }
  if (pty_->slave_closed()) events |= POLLHUP;
  if (pty_->TypingRoom() > 0) events |= POLLOUT | POLLWRNORM;
  return events;
}

// TIOCGPTPEER: the slave, whatever name it has in the caller's tree.
Result<int64_t> PtyMaster::OpenPeer(Task& task, int flags) {
  const Path path = devpts_.PathOf(*pty_, this->path());
  FileRef file = TRY(OpenTerminal(task, pty_, path, flags));
  const Fd fd = TRY(task.AddFd(std::move(file), (flags & O_CLOEXEC) != 0));
  return fd.value;
}

Result<int64_t> PtyMaster::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  const auto tell = [&](int32_t value) -> Result<int64_t> {
    TRY(task.Write(UserPtr<int32_t>(arg), value));
    return 0;
  };
  switch (request) {
    case static_cast<uint32_t>(TIOCGPTN):
      return tell(pty_->number());
    case static_cast<uint32_t>(TIOCSPTLCK):
      pty_->locked = TRY(task.Read(UserPtr<const int32_t>(arg))) != 0;
      return 0;
    case static_cast<uint32_t>(TIOCGPTLCK):
      return tell(pty_->locked);
    case TIOCPKT:
      pty_->SetPacketMode(TRY(task.Read(UserPtr<const int32_t>(arg))) != 0);
      return 0;
    case static_cast<uint32_t>(TIOCGPKT):
      return tell(pty_->packet_mode());
    case static_cast<uint32_t>(TIOCSIG):
      if (arg != SIGINT && arg != SIGQUIT && arg != SIGTSTP) {
        return Errno(EINVAL);
      }
      pty_->SignalForeground(static_cast<int>(arg));
      return 0;
    case static_cast<uint32_t>(TIOCGPTPEER):
      return OpenPeer(task, static_cast<int>(arg));
    case TIOCINQ:
      return tell(static_cast<int32_t>(pty_->output().size()));
    default:
      return TerminalIoctl(task, *pty_, /*own=*/false, readable(), request,
                           arg);
  }
}

std::string PtyMaster::FdInfo() {
  return absl::StrCat("tty-index:\t", pty_->number(), "\n");
}

}  // namespace emu
