// SPDX-License-Identifier: Apache-2.0
//
// The way outside: the terminal at which the person sits who runs emu, and the
// first program's standard streams.

#ifndef KERNEL_DEV_CONSOLE_H_
#define KERNEL_DEV_CONSOLE_H_

#include <memory>
#include <string>

#include "arch/env.h"
#include "arch/result.h"
#include "kernel/dev/terminal.h"
#include "kernel/kernel.h"

namespace emu {

class Task;

// The terminal whose other side is Env: what is written appears on the host's
// terminal at once, what is typed there is taken whenever the run looks outside.
// Owned by the kernel's Terminals.
class Console : public Terminal, public OutsideSource {
 public:
  // `output` is a stream that is a terminal; `input` whether kTerminal is there
  // to be read.
  Console(Kernel& kernel, StdStream output, bool input);
  ~Console() override;

  bool has_input() const { return input_; }

  // OutsideSource.
  bool Attended() override;
  bool HasRoom() override { return input_ && TypingRoom() > 0; }
  void OnInput() override;
  void OnResize() override;
  Pid ForegroundGroup() override { return foreground; }

  // Terminal. From the first time on that a guest asks for input, or wants keys
  // one by one or not shown (a program that draws on the screen), what is typed
  // is the guests'; before, it is for whoever reads the terminal next.
  void OnReadAttempt() override { attended_ = true; }
  void SetSettings(const abi::termios2& settings) override;

  // TerminalDevice.
  size_t OutputRoom() override;
  void Output(absl::string_view bytes) override;

 private:
  static constexpr size_t kPending = 64 << 10;
  void Flush();

  const StdStream output_;
  bool input_;
  bool attended_ = false;
  std::string pending_;  // that the host did not take yet
};

// Makes the console if a standard stream is a terminal, or emu has one that
// controls it.
void CreateConsole(Kernel& kernel);

// Puts descriptors 0, 1 and 2 into `first`'s table, as Env says what each is: a
// stream that is closed outside is closed inside, the null device is /dev/null,
// a terminal the console, and everything else one end of a FIFO. A console that
// can be read becomes the controlling terminal of `first`'s session; it has a
// name in /dev/pts only if it is a standard stream. The tree is mounted.
Result<> OpenStdStreams(Kernel& kernel, Task& first);

}  // namespace emu

#endif  // KERNEL_DEV_CONSOLE_H_
