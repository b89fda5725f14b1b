// SPDX-License-Identifier: Apache-2.0
//
// emu's own standard input, output and error as the guest uses them, and the
// terminal (see StdStream). Other processes share their descriptions, so no flag
// of those is ever changed:
// pipes and terminals are opened a second time, without blocking, where the
// host allows that, and else looked at with poll(2) first.

#ifndef ARCH_HOST_STANDARD_STREAMS_H_
#define ARCH_HOST_STANDARD_STREAMS_H_

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/env.h"
#include "arch/host/host_signals.h"
#include "arch/host/owned_fd.h"
#include "arch/host/terminal_mode.h"
#include "arch/result.h"

namespace emu {

class StandardStreams {
 public:
  // `signals` outlives the object. A stream that is closed is given a
  // descriptor of /dev/null, so that no other file of emu takes its number; one
  // that is -1 in `fds` is left alone, and without input so is the terminal.
  explicit StandardStreams(HostSignals& signals,
                           const std::array<int, 3>& fds = {0, 1, 2});
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;

  Env::StreamKind Kind(StdStream stream) const;
  TerminalSize WindowSize() const;

  // As Env's. A terminal that had nothing is not asked again before the next
  // SIGIO, which its bytes raise; nor is it while others are in its foreground.
  Result<size_t> Read(absl::Span<char> out);
  Result<size_t> ReadTerminal(absl::Span<char> out);
  Result<size_t> Write(StdStream stream, absl::Span<const char> bytes);

  // Takes note of a SIGIO, so that it does not end waits any more.
  void NoteInput();
  // The terminal's next read looks for itself, whatever signals said.
  void ExpectInput() { dry_ = false; }
  // Where poll(2) shows input; -1 when standard input is closed, or there is no
  // terminal.
  int input_fd() const;
  int terminal_fd() const { return terminal_ ? terminal_stream().fd : -1; }
  // A guest waits for input: the terminal's line discipline is the guest's from
  // now on. Not earlier: a program that asks for nothing leaves the terminal to
  // others, `emu run make | less` for one.
  void EnterRaw();

  // The terminal as it was before emu, and back: around being stopped.
  void Suspend();
  void Resume();
  bool raw() const { return terminal_ && terminal_->raw(); }

 private:
  enum class Access {
    kDirect,      // never blocks: files and most devices
    kPrivate,     // a description of our own, O_NONBLOCK
    kSocket,      // MSG_DONTWAIT
    kPollFirst,   // shared and blocking
  };
  struct Stream {
    Env::StreamKind kind = Env::StreamKind::kClosed;
    Access access = Access::kDirect;
    int fd = -1;  // to use
    OwnedFd own;
  };

  static Stream Open(int fd, bool input);
  static Stream OpenControllingTerminal();
  const Stream& terminal_stream() const;
  bool InForeground() const;
  static Result<size_t> ReadBytes(const Stream& in, absl::Span<char> out);
  Result<size_t> WriteBytes(const Stream& stream, absl::Span<const char> bytes);
  bool ReadyToWrite(const Stream& stream);

  HostSignals& signals_;
  std::array<Stream, 4> streams_;  // kTerminal's is closed where kIn is it
  std::unique_ptr<TerminalMode> terminal_;  // null: there is none
  bool resume_raw_ = false;
  bool raises_sigio_ = false;  // the terminal does
  bool dry_ = false;           // it had nothing, and no SIGIO came since
};

// Writes all of `text`, emu's own words, to standard error; line by line even
// where the terminal is raw.
void WriteDiagnostic(absl::string_view text, bool raw);

}  // namespace emu

#endif  // ARCH_HOST_STANDARD_STREAMS_H_
