// SPDX-License-Identifier: Apache-2.0
//
// What passes through a terminal: packet mode, flow control, flushing, and the
// characters that edit a line. More of those are pty_test's and termios_test's.

#include "tests/util/terminal.h"

namespace emu {
namespace {

using TerminalFlowTest = TerminalTest;

TEST_F(TerminalFlowTest, ExclusiveModeIsForTheUnprivileged) {
  int exclusive = 2;
  EXPECT_THAT(ioctl(slave_, TIOCGEXCL, &exclusive), Succeeds());
  EXPECT_EQ(exclusive, 0);
  EXPECT_THAT(ioctl(slave_, TIOCEXCL), Succeeds());
  EXPECT_THAT(ioctl(slave_, TIOCGEXCL, &exclusive), Succeeds());
  EXPECT_EQ(exclusive, 1);
  EXPECT_THAT(open(ptsname(master_), O_RDWR | O_NOCTTY), FailsWith(EBUSY));
  EXPECT_THAT(ioctl(slave_, TIOCNXCL), Succeeds());
  EXPECT_TRUE(OpenSlave().valid());
}

TEST_F(TerminalFlowTest, PacketModeTellsWhatHappened) {
  int on = 1;
  EXPECT_THAT(ioctl(master_, TIOCPKT, &on), Succeeds());
  EXPECT_THAT(ioctl(slave_, TIOCPKT, &on), FailsWith(ENOTTY));
  int is_on = 0;
  EXPECT_THAT(ioctl(master_, TIOCGPKT, &is_on), Succeeds());
  EXPECT_EQ(is_on, 1);
  EXPECT_THAT(write(slave_, "out", 3), SucceedsWith(3));
  WaitFor(master_);
  EXPECT_EQ(Read(master_), std::string("\0out", 4));

  EXPECT_THAT(tcflow(slave_, TCOOFF), Succeeds());
  EXPECT_TRUE(WaitFor(master_, POLLPRI));
  EXPECT_EQ(Read(master_), std::string(1, TIOCPKT_STOP));
  EXPECT_THAT(tcflow(slave_, TCOON), Succeeds());
  EXPECT_EQ(Read(master_), std::string(1, TIOCPKT_START));

  EXPECT_THAT(tcflush(slave_, TCIOFLUSH), Succeeds());
  EXPECT_EQ(Read(master_),
            std::string(1, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE));

  termios mode = Mode();
  mode.c_iflag &= ~IXON;
  SetMode(mode);
  EXPECT_EQ(Read(master_), std::string(1, TIOCPKT_NOSTOP));
  mode.c_iflag |= IXON;
  SetMode(mode);
  EXPECT_EQ(Read(master_), std::string(1, TIOCPKT_DOSTOP));
  EXPECT_TRUE(IsSilent(master_));
}

TEST_F(TerminalFlowTest, FlowOfOutputIsStoppedAndStarted) {
  EXPECT_THAT(tcflow(slave_, TCOOFF), Succeeds());
  Child writer([&] { CHILD_CHECK(write(slave_, "held", 4) == 4); });
  writer.WaitUntilBlocked();
  EXPECT_TRUE(IsSilent(master_));
  // The start key does not undo it.
  Type("\x11");
  EXPECT_TRUE(IsSilent(master_));
  EXPECT_THAT(tcflow(slave_, TCOON), Succeeds());
  EXPECT_THAT(writer.Wait(), Exited(0));
  ExpectScreen("held");
}

TEST_F(TerminalFlowTest, FlowOfInputIsAskedForByCharacters) {
  EXPECT_THAT(tcflow(slave_, TCIOFF), Succeeds());
  ExpectScreen("\x13");
  EXPECT_THAT(tcflow(slave_, TCION), Succeeds());
  ExpectScreen("\x11");
  EXPECT_THAT(ioctl(slave_, TCXONC, 4), FailsWith(EINVAL));
  EXPECT_THAT(ioctl(slave_, TCFLSH, 3), FailsWith(EINVAL));
}

TEST_F(TerminalFlowTest, FlushKeepsOutputThatHasArrived) {
  EXPECT_THAT(write(slave_, "there", 5), SucceedsWith(5));
  EXPECT_TRUE(WaitFor(master_));
  EXPECT_THAT(tcflush(slave_, TCOFLUSH), Succeeds());
  ExpectScreen("there");
}

TEST_F(TerminalFlowTest, EndOfLineCharactersEndLines) {
  termios mode = Mode();
  mode.c_lflag &= ~ECHO;
  mode.c_cc[VEOL] = ';';
  SetMode(mode);
  Type("ab;cd\n");
  EXPECT_EQ(Line(), "ab;");
  EXPECT_EQ(Line(), "cd\n");
  // Quoted, it is a character like others.
  Type("a\x16;b\n");
  EXPECT_EQ(Line(), "a;b\n");
}

TEST_F(TerminalFlowTest, WordsAreErased) {
  NoEcho();
  Type("one two.three \x17 four\x17 five\n");
  EXPECT_EQ(Line(), "one two.  five\n");
  Type("\x17\x17gone\x17\n");
  EXPECT_EQ(Line(), "\n");
}

TEST_F(TerminalFlowTest, CharactersOfSeveralBytesAreErasedWhole) {
  termios mode = Mode();
  mode.c_iflag |= IUTF8;
  SetMode(mode);
  Type("a\xc3\xa9\x7f" "b\n");
  EXPECT_EQ(Line(), "ab\n");
  ExpectScreen("a\xc3\xa9\b \bb\r\n");
  mode.c_iflag &= ~IUTF8;
  SetMode(mode);
  Type("a\xc3\xa9\x7f" "b\n");
  EXPECT_EQ(Line(), "a\xc3" "b\n");
}

TEST_F(TerminalFlowTest, ControlCharactersAreErasedAsTheyAreShown) {
  Type("\x01\x7f" "b\n");
  EXPECT_EQ(Line(), "b\n");
  ExpectScreen("^A\b \b\b \bb\r\n");
}

TEST_F(TerminalFlowTest, InterruptKeyDropsInputAndEchoOfTheMoment) {
  EXPECT_THAT(RunInSession([&] {
                Block(SIGINT);
                CHILD_CHECK(write(master_, "shown", 5) == 5);
                CHILD_CHECK(WaitFor(master_));
                CHILD_CHECK(write(master_, "typed\x03", 6) == 6);
                CHILD_CHECK(Arrives(SIGINT));
              }),
              Exited(0));
  ExpectScreen("shown^C");
  EXPECT_TRUE(IsSilent(slave_));
}

}  // namespace
}  // namespace emu
