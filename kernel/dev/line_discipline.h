// SPDX-License-Identifier: Apache-2.0
//
// N_TTY: what stands between a terminal's keyboard and the programs that read
// it, and between what they write and its screen. Line editing, echo, signal
// and flow control characters, output processing; termios(3) is the manual.
// Knows bytes and nothing of processes: its Device is told of the rest.

#ifndef KERNEL_DEV_LINE_DISCIPLINE_H_
#define KERNEL_DEV_LINE_DISCIPLINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/abi/termios.h"

namespace emu {

// The terminal that a line discipline works for.
class TerminalDevice {
 public:
  virtual ~TerminalDevice() = default;
  // Bytes that the device would take now.
  virtual size_t OutputRoom() = 0;
  // Takes them all, though there be no room (echo).
  virtual void Output(absl::string_view bytes) = 0;
  // The user typed VINTR, VQUIT or VSUSP; with `flush`, what was written and
  // not shown yet is forgotten.
  virtual void OnSignalCharacter(int signo, bool flush) = 0;
  // Output stopped or started.
  virtual void OnFlow(bool stopped) = 0;
};

class LineDiscipline {
 public:
  // Of input not yet read.
  static constexpr size_t kBufferSize = 4096;

  // With the settings of a fresh pseudo-terminal.
  explicit LineDiscipline(TerminalDevice& device);
  LineDiscipline(const LineDiscipline&) = delete;
  LineDiscipline& operator=(const LineDiscipline&) = delete;

  const abi::termios2& settings() const { return settings_; }
  void SetSettings(const abi::termios2& settings);
  bool Canonical() const;
  uint8_t Char(int index) const { return settings_.c_cc[index]; }

  // Input from the device: returns how many bytes were taken. Fewer than all
  // only when the buffer is full, until a reader makes room.
  size_t Receive(absl::string_view bytes);

  // Whether a read would find something: a line or end of file in canonical
  // mode, else `at_least` bytes.
  bool Readable(size_t at_least = 1) const;
  // Takes at most a line in canonical mode; 0 then is an end of file.
  size_t Read(absl::Span<char> to);
  // What FIONREAD says: bytes that could be read now.
  size_t ReadableBytes() const;
  size_t buffered() const { return input_.size(); }
  void FlushInput();

  // Output from a program: returns how many of its bytes went to the device.
  size_t Write(absl::string_view bytes);

  // tcflow(3)'s TCOOFF and TCOON, which VSTART does not undo.
  void SuspendOutput(bool suspend);
  bool stopped() const { return stopped_; }

 private:
  // A byte of input, or an end of file (0 with `ends_line`).
  struct Cell {
    uint8_t byte;
    bool ends_line;
  };
  enum class Erase { kChar, kWord, kLine };

  bool Iflag(uint32_t flag) const { return (settings_.c_iflag & flag) != 0; }
  bool Oflag(uint32_t flag) const { return (settings_.c_oflag & flag) != 0; }
  bool Lflag(uint32_t flag) const { return (settings_.c_lflag & flag) != 0; }
  // Whether `c` is the control character `index`, which is not disabled.
  bool Is(uint8_t c, int index) const;
  bool IsContinuation(uint8_t c) const;

  // line_discipline.cc
  void ReceiveByte(uint8_t c);
  bool ReceiveFlowControl(uint8_t c);
  bool ReceiveSignal(uint8_t c);
  bool ReceiveCanonical(uint8_t c);
  void ReceiveOrdinary(uint8_t c, bool is_newline_echo);
  void Put(uint8_t c);
  void EndLine(uint8_t c);
  bool SkipEndOfFile();
  void Stop();
  void Start();
  size_t ProcessByte(uint8_t c, size_t room, std::string* out);

  // line_editing.cc
  void EraseInput(Erase what);
  void EraseOne(Erase what, size_t size);
  void EraseTab();
  void Reprint();
  void FinishErasing();
  void EchoByte(uint8_t c);
  void EchoRaw(uint8_t c);
  void EchoBackspaces(int count);
  void FlushEcho();

  TerminalDevice& device_;
  abi::termios2 settings_;

  std::deque<Cell> input_;
  // Bytes of `input_` in lines that are complete (canonical mode).
  size_t complete_ = 0;
  bool literal_next_ = false;  // VLNEXT was typed
  bool erasing_ = false;       // between ECHOPRT's \ and /
  // Echo that waits for output to start again.
  std::string echo_;
  bool stopped_ = false;
  bool suspended_ = false;  // by SuspendOutput
  // Where the cursor is, and where it was when the current line began.
  size_t column_ = 0;
  size_t line_column_ = 0;
};

}  // namespace emu

#endif  // KERNEL_DEV_LINE_DISCIPLINE_H_
