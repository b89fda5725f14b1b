// SPDX-License-Identifier: Apache-2.0
//
// Pseudo-terminals: pty(7). A Pty is the terminal that programs open as
// /dev/pts/N, and the pipe to whoever opened /dev/ptmx for it. It is owned by
// its descriptions, its name by the file system (devpts.h) until the master is
// closed.

#ifndef KERNEL_DEV_PTY_H_
#define KERNEL_DEV_PTY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "kernel/dev/terminal.h"

namespace emu {

class Devpts;

class Pty : public Terminal {
 public:
  using Terminal::Terminal;

  // What the master sees. `status` are TIOCPKT_* bits that were not read yet.
  std::string& output() { return output_; }
  WaitQueue& master_queue() { return master_queue_; }
  bool slave_closed() const { return slave_closed_; }
  bool locked = true;  // TIOCSPTLCK
  bool packet_mode() const { return packet_mode_; }
  void SetPacketMode(bool on);
  uint8_t status() const { return status_; }
  uint8_t TakeStatus();
  void OnMasterClosed();

  // Terminal.
  void SetSettings(const abi::termios2& settings) override;
  void FlushInput() override;
  void FlushOutput() override;
  Result<> OnOpen() override;
  void OnClose() override;
  size_t OutputRoom() override;
  void Output(absl::string_view bytes) override;
  void OnSignalCharacter(int signo, bool flush) override;
  void OnFlow(bool stopped) override;

 private:
  static constexpr size_t kOutput = 8192;

  void AddStatus(uint8_t set, uint8_t clear = 0);

  std::string output_;  // written and not yet read by the master
  WaitQueue master_queue_;
  bool master_open_ = true;
  int slaves_ = 0;
  bool slave_closed_ = false;  // the last of them, and none since
  bool packet_mode_ = false;
  uint8_t status_ = 0;
};

class PtyMaster : public FileDescription {
 public:
  PtyMaster(Devpts& devpts, std::shared_ptr<Pty> pty, const Path& path,
            int flags);
  ~PtyMaster() override;

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &pty_->master_queue(); }
  std::string FdInfo() override;

 private:
  Result<int64_t> OpenPeer(Task& task, int flags);

  Devpts& devpts_;
  const std::shared_ptr<Pty> pty_;
};

}  // namespace emu

#endif  // KERNEL_DEV_PTY_H_
