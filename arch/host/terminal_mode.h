// SPDX-License-Identifier: Apache-2.0
//
// The host's terminal in raw mode, because the guest has a line discipline of
// its own. However emu ends, short of SIGKILL, the terminal gets its modes back:
// by this object, by exit(3), and by handlers of the signals that a crash
// raises. One object exists at a time.

#ifndef ARCH_HOST_TERMINAL_MODE_H_
#define ARCH_HOST_TERMINAL_MODE_H_

namespace emu {

class TerminalMode {
 public:
  // `fd` is open on the terminal and outlives the object.
  explicit TerminalMode(int fd);
  ~TerminalMode();
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;

  bool raw() const { return raw_; }
  // Whether the terminal makes a line's end of each LF by itself. Always false
  // while it is raw.
  bool AddsCarriageReturns() const;

  // Like any change of modes from a background job, the next two make the host
  // stop emu until it is in the foreground.
  void EnterRaw();
  void Restore();

 private:
  const int fd_;
  bool raw_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_TERMINAL_MODE_H_
