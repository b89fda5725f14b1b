// SPDX-License-Identifier: Apache-2.0
//
// A Terminal as programs see it: a line discipline, a window, and the session
// that it controls. What stands on its other side is the subclass's: the master
// of a pseudo-terminal (pty.h) or the person outside (console.h). Shared by its
// descriptions and the session that it controls.

#ifndef KERNEL_DEV_TERMINAL_H_
#define KERNEL_DEV_TERMINAL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "arch/abi/termios.h"
#include "arch/result.h"
#include "kernel/clock.h"
#include "kernel/dev/line_discipline.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Kernel;
class Process;
class Task;
struct Session;

// The device numbers' majors.
inline constexpr uint32_t kTtyMajor = 5;     // /dev/tty, console, ptmx
inline constexpr uint32_t kPtySlaveMajor = 136;

class Terminal : public std::enable_shared_from_this<Terminal>,
                 public TerminalDevice {
 public:
  // `number` is its name in /dev/pts.
  Terminal(Kernel& kernel, int number)
      : kernel_(kernel), number_(number), discipline_(*this) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() override = default;

  Kernel& kernel() const { return kernel_; }
  int number() const { return number_; }
  LineDiscipline& discipline() { return discipline_; }
  // Woken when there is input, room for output, or neither ever again.
  WaitQueue& queue() { return queue_; }

  // What was typed: as much as there is room for. What the discipline cannot
  // take yet waits.
  size_t Type(absl::string_view bytes);
  size_t TypingRoom() const { return kTyped - typed_.size(); }
  // A reader has taken something, or settings changed: what waits goes on.
  void PassTyped();
  // Forgets input that nobody has read.
  virtual void FlushInput();
  // When the last input came.
  Nanos last_input() const { return last_input_; }

  const abi::winsize& window() const { return window_; }
  // SIGWINCH to the foreground group, if it is a new size.
  void SetWindow(const abi::winsize& window);
  virtual void SetSettings(const abi::termios2& settings);
  // Forgets output that the other side has not taken.
  virtual void FlushOutput() {}

  // Job control. The session that this terminal controls, or null, and its
  // foreground process group (0: none).
  std::shared_ptr<Session> session() const { return session_.lock(); }
  Pid foreground = 0;
  void SignalForeground(int signo);
  // Whether it controls the session of `task`.
  bool Controls(const Task& task) const;
  // A guest is about to look for input.
  virtual void OnReadAttempt() {}
  // TIOCSCTTY for the leader of a session that has none; the caller checked.
  void Control(Process& leader);
  // It controls no session any more, and nobody is told.
  void LeaveSession();
  // A background process that may not go on: EIO, or ERESTARTSYS after `signo`
  // (SIGTTIN, SIGTTOU) was sent to its group.
  Result<> CheckForeground(Task& task, int signo);

  // The line is cut: every description that is open now is dead, and the
  // session loses its terminal.
  void HangUp();
  uint64_t hangups() const { return hangups_; }

  // How many descriptions are open. A slave whose master is closed cannot be
  // opened: EIO.
  virtual Result<> OnOpen();
  virtual void OnClose() {}
  bool exclusive = false;     // TIOCEXCL
  abi::termios2 locked = {};  // TIOCSLCKTRMIOS: what is set here stays as it is

  // TerminalDevice.
  void OnSignalCharacter(int signo, bool flush) override;
  void OnFlow(bool stopped) override;

 private:
  static constexpr size_t kTyped = 8192;

  Kernel& kernel_;
  const int number_;
  LineDiscipline discipline_;
  WaitQueue queue_;
  std::string typed_;  // and not yet seen by the discipline
  bool passing_ = false;
  Nanos last_input_ = 0;
  abi::winsize window_ = {};
  std::weak_ptr<Session> session_;
  uint64_t hangups_ = 0;
};

// A description of a terminal, by whatever name it was opened.
class TerminalFile : public FileDescription {
 public:
  // Counts as one of its descriptions from now on (see Terminal::OnOpen).
  TerminalFile(std::shared_ptr<Terminal> terminal, const Path& path,
               int flags);
  ~TerminalFile() override;

  static const char kKind;
  const void* kind() const override { return &kKind; }
  Terminal& terminal() { return *terminal_; }
  // Everything but closing it fails.
  bool hung_up() const { return hangups_ != terminal_->hangups(); }

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &terminal_->queue(); }

 private:
  bool MustWait(Task& task, size_t size, Result<size_t>* result);

  const std::shared_ptr<Terminal> terminal_;
  const uint64_t hangups_;
};

// Opens `terminal`, for open(2): EIO, EBUSY. A session leader without a
// controlling terminal gets it, unless O_NOCTTY.
Result<FileRef> OpenTerminal(Task& task,
                             const std::shared_ptr<Terminal>& terminal,
                             const Path& path, int flags);

// Requests that both a terminal's own descriptions and a pty's master serve.
// `own` is false for the master. ENOTTY for others.
Result<int64_t> TerminalIoctl(Task& task, Terminal& terminal, bool own,
                              bool readable, uint32_t request, GuestAddr arg);

// setsid(2)'s leader gives up its terminal, or ends: the foreground group hears
// of it.
void DisassociateTerminal(Process& leader, bool ending);

}  // namespace emu

#endif  // KERNEL_DEV_TERMINAL_H_
