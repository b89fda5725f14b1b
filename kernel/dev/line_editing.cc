// SPDX-License-Identifier: Apache-2.0
//
// The line discipline's editing of a line that is being typed, and what is shown
// of it.

#include <asm/termbits.h>

#include "absl/strings/ascii.h"
#include "kernel/dev/line_discipline.h"

namespace emu {
namespace {

// As the kernel's ctype has it: Latin-1.
bool IsWordByte(uint8_t c) {
  return absl::ascii_isalnum(c) || c == '_' ||
         (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

}  // namespace

void LineDiscipline::EraseInput(Erase what) {
  if (input_.size() == complete_) return;
  if (what == Erase::kLine && !(Lflag(ECHO) && Lflag(ECHOK) &&
                                Lflag(ECHOKE) && Lflag(ECHOE))) {
    input_.resize(complete_);
    if (!Lflag(ECHO)) return;
    FinishErasing();
    EchoByte(Char(VKILL));
    if (Lflag(ECHOK)) EchoRaw('\n');
    return;
  }
  bool in_word = false;
  while (input_.size() > complete_) {
    // One character, which may be of several bytes; never a part of one.
    size_t size = 1;
    while (IsContinuation(input_[input_.size() - size].byte) &&
           input_.size() - size > complete_) {
      ++size;
    }
    const uint8_t first = input_[input_.size() - size].byte;
    if (IsContinuation(first)) break;
    if (what == Erase::kWord) {
      if (IsWordByte(first)) {
        in_word = true;
      } else if (in_word) {
        break;
      }
    }
    EraseOne(what, size);
    if (what == Erase::kChar) break;
  }
  if (input_.size() == complete_ && Lflag(ECHO)) FinishErasing();
}

// Takes the last `size` bytes, one character, off the line and the screen.
void LineDiscipline::EraseOne(Erase what, size_t size) {
  const size_t at = input_.size() - size;
  const uint8_t first = input_[at].byte;
  if (Lflag(ECHO) && Lflag(ECHOPRT)) {
    if (!erasing_) EchoRaw('\\');
    erasing_ = true;
    EchoByte(first);
    for (size_t i = at + 1; i < input_.size(); ++i) {
      EchoRaw(input_[i].byte);
      if (column_ > 0 && !IsContinuation(input_[i].byte)) --column_;
    }
  }
  input_.resize(at);
  if (!Lflag(ECHO) || Lflag(ECHOPRT)) return;
  if (what == Erase::kChar && !Lflag(ECHOE)) {
    EchoByte(Char(VERASE));
  } else if (first == '\t') {
    EraseTab();
  } else if (!absl::ascii_iscntrl(first)) {
    EchoBackspaces(1);
  } else if (Lflag(ECHOCTL)) {
    EchoBackspaces(2);
  }
}

// Moves the cursor back over a tab that stood at the line's end: to behind what
// is left, counted from the tab before or from the line's start.
void LineDiscipline::EraseTab() {
  size_t columns = 0;
  bool after_tab = false;
  for (size_t i = input_.size(); i > complete_; --i) {
    const uint8_t c = input_[i - 1].byte;
    if (c == '\t') {
      after_tab = true;
      break;
    }
    if (absl::ascii_iscntrl(c)) {
      if (Lflag(ECHOCTL)) columns += 2;
    } else if (!IsContinuation(c)) {
      ++columns;
    }
  }
  if (!after_tab) columns += line_column_;
  for (size_t back = 8 - columns % 8; back > 0; --back) {
    echo_.push_back('\b');
    if (column_ > 0) --column_;
  }
}

void LineDiscipline::Reprint() {
  FinishErasing();
  EchoByte(Char(VREPRINT));
  EchoRaw('\n');
  for (size_t i = complete_; i < input_.size(); ++i) EchoByte(input_[i].byte);
}

void LineDiscipline::FinishErasing() {
  if (!erasing_) return;
  EchoRaw('/');
  erasing_ = false;
}

// As echo shows it: control characters as ^X.
void LineDiscipline::EchoByte(uint8_t c) {
  if (!Lflag(ECHOCTL) || !absl::ascii_iscntrl(c) || c == '\t') {
    return EchoRaw(c);
  }
  EchoRaw('^');
  EchoRaw(c ^ 0100);
}

void LineDiscipline::EchoBackspaces(int count) {
  for (int i = 0; i < count; ++i) {
    EchoRaw('\b');
    EchoRaw(' ');
    EchoRaw('\b');
  }
}

}  // namespace emu
