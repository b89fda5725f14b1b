// SPDX-License-Identifier: Apache-2.0

#include "arch/host/standard_streams.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_replace.h"

namespace emu {
namespace {

const dev_t kNullDevice = makedev(1, 3);

int Index(StdStream stream) { return static_cast<int>(stream); }

// The terminal that `fd` is open on, by whatever name it was opened.
unsigned TerminalDevice(int fd) {
  unsigned device = 0;
  return ioctl(fd, TIOCGDEV, &device) == 0 ? device : 0;
}

// A description of our own of what `fd` is open on. A terminal that belongs to
// somebody else (after su) can still be had as the controlling terminal.
OwnedFd OpenAgain(int fd, bool input, bool is_terminal) {
  const int flags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  char link[32];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const int access = is_terminal ? O_RDWR : (input ? O_RDONLY : O_WRONLY);
  OwnedFd own(open(link, access | flags));
  if (!own.valid() && is_terminal) {
    own.Reset(open("/dev/tty", O_RDWR | flags));
    if (own.valid() && TerminalDevice(own.get()) != TerminalDevice(fd)) {
      own.Reset();
    }
  }
  return own;
}

// Bytes of `text`, from its start, that became the first `n` of it without the
// carriage returns before line ends.
size_t OriginalLength(absl::Span<const char> text, size_t n) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool dropped =
        text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
    if (dropped) continue;
    if (n == 0) break;
    --n;
  }
  return at;
}

}  // namespace

StandardStreams::StandardStreams(HostSignals& signals,
                                 const std::array<int, 3>& fds)
    : signals_(signals) {
  for (int i = 0; i < 3; ++i) streams_[i] = Open(fds[i], i == 0);
  if (fds[0] >= 0 && streams_[0].kind != Env::StreamKind::kTerminal) {
    streams_[3] = OpenControllingTerminal();
  }
  const Stream& terminal = terminal_stream();
  if (terminal.kind != Env::StreamKind::kTerminal) return;
  terminal_ = std::make_unique<TerminalMode>(terminal.fd);
}

StandardStreams::Stream StandardStreams::OpenControllingTerminal() {
  Stream stream;
  stream.own.Reset(open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!stream.own.valid()) return stream;
  stream.kind = Env::StreamKind::kTerminal;
  stream.access = Access::kPrivate;
  stream.fd = stream.own.get();
  return stream;
}

const StandardStreams::Stream& StandardStreams::terminal_stream() const {
  return streams_[0].kind == Env::StreamKind::kTerminal ? streams_[0]
                                                        : streams_[3];
}

bool StandardStreams::InForeground() const {
  const pid_t group = tcgetpgrp(terminal_fd());
  // Of a terminal that controls some other session nobody knows.
  return group < 0 || group == getpgrp();
}

StandardStreams::Stream StandardStreams::Open(int fd, bool input) {
  Stream stream;
  if (fd < 0) return stream;
  struct stat st = {};
  if (fstat(fd, &st) != 0) {
    // Gets the same number, the lowest free one: those below are open by now.
    (void)open("/dev/null", input ? O_RDONLY : O_WRONLY);
    return stream;
  }
  stream.fd = fd;
  stream.kind = Env::StreamKind::kPipe;
  if (S_ISCHR(st.st_mode) && st.st_rdev == kNullDevice) {
    stream.kind = Env::StreamKind::kNull;
  } else if (isatty(fd)) {
    stream.kind = Env::StreamKind::kTerminal;
  } else if (S_ISSOCK(st.st_mode)) {
    stream.access = Access::kSocket;
    return stream;
  } else if (!S_ISFIFO(st.st_mode)) {
    return stream;
  }
  if (stream.kind == Env::StreamKind::kNull) return stream;
  stream.own = OpenAgain(fd, input,
                         stream.kind == Env::StreamKind::kTerminal);
  stream.access = stream.own.valid() ? Access::kPrivate : Access::kPollFirst;
  if (stream.own.valid()) stream.fd = stream.own.get();
  return stream;
}

Env::StreamKind StandardStreams::Kind(StdStream stream) const {
  if (stream == StdStream::kTerminal) return terminal_stream().kind;
  return streams_[Index(stream)].kind;
}

TerminalSize StandardStreams::WindowSize() const {
  TerminalSize size;
  for (const Stream& stream : streams_) {
    if (stream.kind != Env::StreamKind::kTerminal) continue;
    struct winsize now = {};
    if (ioctl(stream.fd, TIOCGWINSZ, &now) != 0) continue;
    // A terminal that was never told its size says 0.
    if (now.ws_row != 0) size.rows = now.ws_row;
    if (now.ws_col != 0) size.columns = now.ws_col;
    break;
  }
  return size;
}

int StandardStreams::input_fd() const { return streams_[0].fd; }

void StandardStreams::EnterRaw() {
  if (!terminal_ || raw()) return;
  const Stream& terminal = terminal_stream();
  if (terminal.own.valid() && !raises_sigio_) {
    const f_owner_ex owner = {.type = F_OWNER_TID, .pid = gettid()};
    raises_sigio_ =
        fcntl(terminal.fd, F_SETOWN_EX, &owner) == 0 &&
        fcntl(terminal.fd, F_SETFL, fcntl(terminal.fd, F_GETFL) | O_ASYNC) == 0;
  }
  terminal_->EnterRaw();
}

void StandardStreams::Suspend() {
  resume_raw_ = raw();
  if (terminal_) terminal_->Restore();
}

void StandardStreams::Resume() {
  if (resume_raw_ && InForeground()) EnterRaw();
  dry_ = false;
}

void StandardStreams::NoteInput() {
  if (signals_.TakeInput()) dry_ = false;
}

Result<size_t> StandardStreams::Read(absl::Span<char> out) {
  return ReadBytes(streams_[0], out);
}

Result<size_t> StandardStreams::ReadTerminal(absl::Span<char> out) {
  if (!terminal_) return 0;
  // Before the look: a byte that comes later raises it again.
  NoteInput();
  if (dry_ || (!raw() && !InForeground())) return Errno(EAGAIN);
  EnterRaw();
  const Result<size_t> n = ReadBytes(terminal_stream(), out);
  if (!n.ok() && n.error() == Errno(EAGAIN)) dry_ = raises_sigio_;
  return n;
}

Result<size_t> StandardStreams::ReadBytes(const Stream& in,
                                          absl::Span<char> out) {
  if (in.fd < 0) return 0;
  if (in.access == Access::kPollFirst) {
    pollfd ready = {.fd = in.fd, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 0) <= 0) return Errno(EAGAIN);
  }
  ssize_t n;
  do {
    n = in.access == Access::kSocket
            ? recv(in.fd, out.data(), out.size(), MSG_DONTWAIT)
            : read(in.fd, out.data(), out.size());
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return static_cast<size_t>(n);
  return Errno(errno == EAGAIN ? EAGAIN : EIO);
}

Result<size_t> StandardStreams::Write(StdStream stream,
                                      absl::Span<const char> bytes) {
  const Stream& out = streams_[Index(stream)];
  if (out.fd < 0) return Errno(EBADF);
  NoteInput();
  // The guest's terminal has made CR LF of a line's end. The host's would add
  // another CR.
  if (out.kind == Env::StreamKind::kTerminal && !raw() &&
      TerminalMode(out.fd).AddsCarriageReturns()) {
    const std::string plain = absl::StrReplaceAll(
        absl::string_view(bytes.data(), bytes.size()), {{"\r\n", "\n"}});
    const size_t done = TRY(WriteBytes(out, plain));
    return done == plain.size() ? bytes.size() : OriginalLength(bytes, done);
  }
  return WriteBytes(out, bytes);
}

Result<size_t> StandardStreams::WriteBytes(const Stream& stream,
                                           absl::Span<const char> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    size_t size = bytes.size() - done;
    ssize_t n = -1;
    if (stream.access == Access::kPollFirst) {
      // What poll(2) promises: room for as much as this.
      size = std::min<size_t>(size, PIPE_BUF);
      if (!ReadyToWrite(stream)) break;
    }
    if (stream.access == Access::kSocket) {
      n = send(stream.fd, &bytes[done], size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      n = write(stream.fd, &bytes[done], size);
    }
    if (n >= 0) {
      done += n;
    } else if (errno == EAGAIN) {
      if (!ReadyToWrite(stream)) break;
    } else if (errno != EINTR) {
      if (done == 0) return Errno(errno);
      break;
    }
  }
  if (done == 0 && !bytes.empty()) return Errno(EAGAIN);
  return done;
}

// Waits for room; false when a signal came first.
bool StandardStreams::ReadyToWrite(const Stream& stream) {
  pollfd ready = {.fd = stream.fd, .events = POLLOUT, .revents = 0};
  const absl::StatusOr<int> n =
      signals_.Poll(absl::MakeSpan(&ready, 1), std::nullopt);
  return n.ok() && *n > 0;
}

void WriteDiagnostic(absl::string_view text, bool raw) {
  std::string with_returns;
  if (raw) {
    with_returns = absl::StrReplaceAll(text, {{"\n", "\r\n"}});
    text = with_returns;
  }
  while (!text.empty()) {
    const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(n);
    } else if (errno == EAGAIN) {
      pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace emu
