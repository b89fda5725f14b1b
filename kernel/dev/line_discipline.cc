// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/line_discipline.h"

#include <asm/termbits.h>
#include <signal.h>

#include <algorithm>

#include "absl/strings/ascii.h"

namespace emu {
namespace {

constexpr uint8_t kDisabled = 0;  // _POSIX_VDISABLE
constexpr size_t kTab = 8;
// Echo that is kept while output is stopped.
constexpr size_t kMostEcho = 4096;
constexpr size_t kEchoBlock = 256;

constexpr uint8_t Control(char c) { return c & 037; }

abi::termios2 DefaultSettings() {
  abi::termios2 s = {};
  s.c_iflag = ICRNL | IXON;
  s.c_oflag = OPOST | ONLCR;
  s.c_cflag = B38400 | CS8 | CREAD;
  s.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  s.c_cc[VINTR] = Control('C');
  s.c_cc[VQUIT] = Control('\\');
  s.c_cc[VERASE] = 0177;
  s.c_cc[VKILL] = Control('U');
  s.c_cc[VEOF] = Control('D');
  s.c_cc[VMIN] = 1;
  s.c_cc[VSTART] = Control('Q');
  s.c_cc[VSTOP] = Control('S');
  s.c_cc[VSUSP] = Control('Z');
  s.c_cc[VREPRINT] = Control('R');
  s.c_cc[VDISCARD] = Control('O');
  s.c_cc[VWERASE] = Control('W');
  s.c_cc[VLNEXT] = Control('V');
  s.c_ispeed = s.c_ospeed = 38400;
  return s;
}

}  // namespace

LineDiscipline::LineDiscipline(TerminalDevice& device)
    : device_(device), settings_(DefaultSettings()) {}

bool LineDiscipline::Canonical() const {
  return Lflag(ICANON) && !Lflag(EXTPROC);
}

bool LineDiscipline::Is(uint8_t c, int index) const {
  return c == settings_.c_cc[index] && c != kDisabled;
}

bool LineDiscipline::IsContinuation(uint8_t c) const {
  return Iflag(IUTF8) && (c & 0xc0) == 0x80;
}

void LineDiscipline::SetSettings(const abi::termios2& settings) {
  const abi::termios2 old = settings_;
  settings_ = settings;
  if (((old.c_lflag ^ settings.c_lflag) & (ICANON | EXTPROC)) != 0) {
    // Bytes typed before are a line of their own now.
    for (Cell& cell : input_) cell.ends_line = false;
    complete_ = Lflag(ICANON) ? input_.size() : 0;
    if (complete_ > 0) input_.back().ends_line = true;
    erasing_ = false;
    literal_next_ = false;
  }
  if ((old.c_iflag & IXON) != 0 && !Iflag(IXON)) Start();
}

size_t LineDiscipline::Receive(absl::string_view bytes) {
  // What is appended for one byte, at most.
  const size_t widest = Iflag(PARMRK) ? 2 : 1;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (input_.size() + widest >= kBufferSize) {
      // A line that does not fit loses its further bytes, but can still be
      // edited and ended; otherwise a reader must come first.
      if (!Lflag(ICANON) || complete_ > 0) {
        FlushEcho();
        return i;
      }
      if (input_.size() + widest > kBufferSize) input_.pop_back();
    }
    ReceiveByte(bytes[i]);
    // Until then a signal character takes it back.
    if (echo_.size() >= kEchoBlock) FlushEcho();
  }
  FlushEcho();
  return bytes.size();
}

void LineDiscipline::ReceiveByte(uint8_t c) {
  const bool literal = literal_next_;
  literal_next_ = false;
  if (Iflag(ISTRIP)) c &= 0177;
  if (Iflag(IUCLC) && Lflag(IEXTEN)) c = absl::ascii_tolower(c);
  if (Lflag(EXTPROC)) return Put(c);
  if (!literal) {
    if (Iflag(IXON) && ReceiveFlowControl(c)) return;
    if (Lflag(ISIG) && ReceiveSignal(c)) return;
  }
  if (stopped_ && !suspended_ && Iflag(IXON) && Iflag(IXANY)) Start();
  if (!literal) {
    if (c == '\r') {
      if (Iflag(IGNCR)) return;
      if (Iflag(ICRNL)) c = '\n';
    } else if (c == '\n' && Iflag(INLCR)) {
      c = '\r';
    }
    if (Lflag(ICANON) && ReceiveCanonical(c)) return;
  }
  ReceiveOrdinary(c, !literal && c == '\n');
}

bool LineDiscipline::ReceiveFlowControl(uint8_t c) {
  if (Is(c, VSTART)) {
    Start();
    return true;
  }
  if (Is(c, VSTOP)) {
    Stop();
    return true;
  }
  return false;
}

bool LineDiscipline::ReceiveSignal(uint8_t c) {
  int signo = 0;
  if (Is(c, VINTR)) signo = SIGINT;
  if (Is(c, VQUIT)) signo = SIGQUIT;
  if (Is(c, VSUSP)) signo = SIGTSTP;
  if (signo == 0) return false;
  const bool flush = !Lflag(NOFLSH);
  device_.OnSignalCharacter(signo, flush);
  if (flush) {
    echo_.clear();
    FlushInput();
  }
  if (Iflag(IXON)) Start();
  if (Lflag(ECHO)) EchoByte(c);
  return true;
}

// Editing and line ends; false: an ordinary byte.
bool LineDiscipline::ReceiveCanonical(uint8_t c) {
  const bool extended = Lflag(IEXTEN);
  if (Is(c, VERASE)) {
    EraseInput(Erase::kChar);
  } else if (Is(c, VKILL)) {
    EraseInput(Erase::kLine);
  } else if (Is(c, VWERASE) && extended) {
    EraseInput(Erase::kWord);
  } else if (Is(c, VLNEXT) && extended) {
    literal_next_ = true;
    if (Lflag(ECHO)) {
      FinishErasing();
      if (Lflag(ECHOCTL)) {
        EchoRaw('^');
        EchoRaw('\b');
      }
    }
  } else if (Is(c, VREPRINT) && Lflag(ECHO) && extended) {
    Reprint();
  } else if (c == '\n') {
    if (Lflag(ECHO) || Lflag(ECHONL)) EchoRaw('\n');
    EndLine(c);
  } else if (Is(c, VEOF)) {
    EndLine(kDisabled);
  } else if (Is(c, VEOL) || (Is(c, VEOL2) && extended)) {
    if (Lflag(ECHO)) {
      if (input_.size() == complete_) line_column_ = column_;
      EchoByte(c);
    }
    if (c == 0377 && Iflag(PARMRK)) Put(c);
    EndLine(c);
  } else {
    return false;
  }
  return true;
}

void LineDiscipline::ReceiveOrdinary(uint8_t c, bool is_newline_echo) {
  if (Lflag(ECHO)) {
    FinishErasing();
    if (is_newline_echo) {
      EchoRaw(c);
    } else {
      if (!Lflag(ICANON) || input_.size() == complete_) line_column_ = column_;
      EchoByte(c);
    }
  }
  if (c == 0377 && Iflag(PARMRK)) Put(c);
  Put(c);
}

void LineDiscipline::Put(uint8_t c) { input_.push_back({c, false}); }

void LineDiscipline::EndLine(uint8_t c) {
  input_.push_back({c, true});
  complete_ = input_.size();
}

bool LineDiscipline::Readable(size_t at_least) const {
  if (Canonical()) return complete_ > 0;
  return input_.size() >= at_least;
}

size_t LineDiscipline::ReadableBytes() const {
  if (!Canonical()) return input_.size();
  size_t ends = 0;
  for (size_t i = 0; i < complete_; ++i) {
    ends += input_[i].ends_line && input_[i].byte == kDisabled;
  }
  return complete_ - ends;
}

// An end of file that stands right behind a full read belongs to that read.
bool LineDiscipline::SkipEndOfFile() {
  if (complete_ == 0) return false;
  const Cell cell = input_.front();
  if (!cell.ends_line || cell.byte != kDisabled) return false;
  input_.pop_front();
  --complete_;
  return true;
}

size_t LineDiscipline::Read(absl::Span<char> to) {
  size_t n = 0;
  if (!Canonical()) {
    for (; n < to.size() && !input_.empty(); ++n) {
      to[n] = static_cast<char>(input_.front().byte);
      input_.pop_front();
    }
    complete_ -= std::min(complete_, n);
    return n;
  }
  while (n < to.size() && complete_ > 0) {
    if (SkipEndOfFile()) return n;
    const Cell cell = input_.front();
    to[n++] = static_cast<char>(cell.byte);
    input_.pop_front();
    --complete_;
    if (cell.ends_line) return n;
  }
  SkipEndOfFile();
  return n;
}

void LineDiscipline::FlushInput() {
  input_.clear();
  complete_ = 0;
  literal_next_ = false;
  erasing_ = false;
}

size_t LineDiscipline::Write(absl::string_view bytes) {
  FlushEcho();
  if (stopped_) return 0;
  size_t room = device_.OutputRoom();
  if (!Oflag(OPOST)) {
    const size_t n = std::min(room, bytes.size());
    if (n > 0) device_.Output(bytes.substr(0, n));
    return n;
  }
  std::string out;
  size_t done = 0;
  for (; done < bytes.size(); ++done) {
    const size_t before = out.size();
    const size_t needed = ProcessByte(bytes[done], room, &out);
    if (needed > room) break;
    room -= out.size() - before;
  }
  if (!out.empty()) device_.Output(out);
  return done;
}

// Appends what `c` becomes. Returns how many bytes that needs; when there is not
// as much room, nothing is done.
size_t LineDiscipline::ProcessByte(uint8_t c, size_t room, std::string* out) {
  if (room == 0) return 1;
  switch (c) {
    case '\n':
      if (Oflag(ONLRET)) column_ = 0;
      if (Oflag(ONLCR)) {
        if (room < 2) return 2;
        line_column_ = column_ = 0;
        out->append("\r\n");
        return 2;
      }
      line_column_ = column_;
      break;
    case '\r':
      if (Oflag(ONOCR) && column_ == 0) return 0;
      if (Oflag(OCRNL)) {
        c = '\n';
        if (Oflag(ONLRET)) line_column_ = column_ = 0;
      } else {
        line_column_ = column_ = 0;
      }
      break;
    case '\t': {
      const size_t spaces = kTab - column_ % kTab;
      if ((settings_.c_oflag & TABDLY) == XTABS) {
        if (room < spaces) return spaces;
        column_ += spaces;
        out->append(spaces, ' ');
        return spaces;
      }
      column_ += spaces;
      break;
    }
    case '\b':
      if (column_ > 0) --column_;
      break;
    default:
      if (absl::ascii_iscntrl(c)) break;
      if (Oflag(OLCUC)) c = absl::ascii_toupper(c);
      if (!IsContinuation(c)) ++column_;
  }
  out->push_back(static_cast<char>(c));
  return 1;
}

void LineDiscipline::Stop() {
  if (stopped_) return;
  stopped_ = true;
  device_.OnFlow(true);
}

void LineDiscipline::Start() {
  if (!stopped_ || suspended_) return;
  stopped_ = false;
  FlushEcho();
  device_.OnFlow(false);
}

void LineDiscipline::SuspendOutput(bool suspend) {
  if (suspended_ == suspend) return;
  suspended_ = suspend;
  if (suspend) {
    Stop();
  } else {
    Start();
  }
}

void LineDiscipline::FlushEcho() {
  if (stopped_ || echo_.empty()) return;
  device_.Output(echo_);
  echo_.clear();
}

void LineDiscipline::EchoRaw(uint8_t c) {
  if (echo_.size() >= kMostEcho) return;
  if (Oflag(OPOST)) {
    ProcessByte(c, kTab, &echo_);
  } else {
    echo_.push_back(static_cast<char>(c));
  }
}

}  // namespace emu
