// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/console.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>

#include <algorithm>

#include "kernel/dev/devpts.h"
#include "kernel/dev/host_stream.h"
#include "kernel/dev/terminals.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr StdStream kStreams[] = {StdStream::kIn, StdStream::kOut,
                                  StdStream::kErr};
constexpr size_t kChunk = 4096;

Result<FileRef> OpenByName(Task& task, const char* name) {
  const Resolved found = TRY(Resolve(task, task.fs->root, name, {}));
  return found.path.inode().Open(task, found.path, O_RDWR);
}

Result<FileRef> OpenConsole(Task& first, Terminals& terminals) {
  const std::shared_ptr<Console>& console = terminals.console;
  const Path path = terminals.devpts->PathOf(*console, Path());
  return OpenTerminal(first, console, path, O_RDWR | O_NOCTTY);
}

}  // namespace

Console::Console(Kernel& kernel, StdStream output, bool input)
    : Terminal(kernel, 0), output_(output), input_(input) {
  abi::termios2 settings = discipline().settings();
  settings.c_iflag |= IUTF8;  // as terminal emulators set it
  SetSettings(settings);
  OnResize();
  kernel.set_outside_source(this);
}

Console::~Console() { kernel().set_outside_source(nullptr); }

bool Console::Attended() {
  if (!queue().empty()) attended_ = true;
  return attended_ && (input_ || !queue().empty());
}

void Console::OnInput() {
  if (!pending_.empty()) Flush();
  char bytes[kChunk];
  while (attended_ && HasRoom()) {
    const size_t size = std::min(TypingRoom(), kChunk);
    const Result<size_t> n = kernel().env().ReadInput(
        StdStream::kTerminal, absl::MakeSpan(bytes, size));
    if (!n.ok() && n.error() == Errno(EAGAIN)) return;
    if (!n.ok() || *n == 0) {
      // The person is gone.
      input_ = false;
      HangUp();
      return;
    }
    Type(absl::string_view(bytes, *n));
    if (*n < size) return;
  }
}

void Console::OnResize() {
  const TerminalSize size = kernel().env().WindowSize();
  abi::winsize window = {};
  window.ws_row = size.rows;
  window.ws_col = size.columns;
  SetWindow(window);
}

void Console::SetSettings(const abi::termios2& settings) {
  constexpr uint32_t kLines = ICANON | ECHO;
  if ((settings.c_lflag & kLines) != kLines) attended_ = true;
  Terminal::SetSettings(settings);
}

size_t Console::OutputRoom() {
  return pending_.size() < kPending ? kPending - pending_.size() : 0;
}

void Console::Output(absl::string_view bytes) {
  pending_.append(bytes.data(), bytes.size());
  Flush();
}

// What remains after a host signal came is written when the run has looked at
// it.
void Console::Flush() {
  while (!pending_.empty()) {
    const Result<size_t> n = kernel().env().WriteOutput(
        output_, absl::Span<const char>(pending_.data(), pending_.size()));
    if (n.ok()) {
      pending_.erase(0, *n);
      continue;
    }
    if (n.error() == Errno(EAGAIN)) return;
    pending_.clear();
  }
  queue().Wake(POLLOUT | POLLWRNORM);
}

void CreateConsole(Kernel& kernel) {
  Env& env = kernel.env();
  const auto is_terminal = [&](StdStream stream) {
    return env.Kind(stream) == Env::StreamKind::kTerminal;
  };
  for (const StdStream stream : {StdStream::kOut, StdStream::kErr,
                                 StdStream::kIn, StdStream::kTerminal}) {
    if (!is_terminal(stream)) continue;
    kernel.subsystems().terminals.console = std::make_shared<Console>(
        kernel, stream, is_terminal(StdStream::kTerminal));
    return;
  }
}

Result<> OpenStdStreams(Kernel& kernel, Task& first) {
  Terminals& terminals = kernel.subsystems().terminals;
  FileRef console;
  if (terminals.console != nullptr) {
    const bool named = std::any_of(
        std::begin(kStreams), std::end(kStreams), [&](StdStream stream) {
          return kernel.env().Kind(stream) == Env::StreamKind::kTerminal;
        });
    if (named) {
      terminals.devpts->Add(terminals.console, first.creds->fsuid,
                            Devpts::kTtyGroup);
      console = TRY(OpenConsole(first, terminals));
    }
    if (terminals.console->has_input()) {
      terminals.console->Control(first.process());
    }
  }
  for (const StdStream stream : kStreams) {
    FileRef file;
    switch (kernel.env().Kind(stream)) {
      case Env::StreamKind::kClosed:
        continue;
      case Env::StreamKind::kNull:
        file = TRY(OpenByName(first, "/dev/null"));
        break;
      case Env::StreamKind::kPipe:
        file = OpenHostStream(kernel, *first.creds, stream);
        break;
      case Env::StreamKind::kTerminal:
        file = console;
        break;
    }
    TRY(first.files->Put(Fd{static_cast<int>(stream)}, std::move(file),
                         /*cloexec=*/false, /*limit=*/3));
  }
  return {};
}

}  // namespace emu
