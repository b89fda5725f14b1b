// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/line_discipline.h"

#include <asm/termbits.h>
#include <signal.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace emu {
namespace {

// A screen that shows everything at once, and a list of what it was told.
class FakeDevice : public TerminalDevice {
 public:
  size_t OutputRoom() override { return room; }
  void Output(absl::string_view bytes) override {
    screen.append(bytes.data(), bytes.size());
  }
  void OnSignalCharacter(int signo, bool flush) override {
    signals.push_back(flush ? signo : -signo);
  }
  void OnFlow(bool stopped) override { flow += stopped ? 'S' : 'Q'; }

  std::string TakeScreen() { return std::exchange(screen, ""); }

  size_t room = 1 << 20;
  std::string screen;
  std::string flow;
  std::vector<int> signals;  // negative: without flush
};

class LineDisciplineTest : public testing::Test {
 protected:
  LineDisciplineTest() : tty_(device_) {}

  void Change(uint32_t abi::termios2::*field, uint32_t set, uint32_t clear) {
    abi::termios2 settings = tty_.settings();
    settings.*field = (settings.*field & ~clear) | set;
    tty_.SetSettings(settings);
  }
  void SetChar(int index, uint8_t c) {
    abi::termios2 settings = tty_.settings();
    settings.c_cc[index] = c;
    tty_.SetSettings(settings);
  }
  std::string Read(size_t most = 4096) {
    std::string bytes(most, 0);
    bytes.resize(tty_.Read(absl::MakeSpan(bytes)));
    return bytes;
  }

  FakeDevice device_;
  LineDiscipline tty_;
};

struct Edit {
  const char* name;
  uint32_t lflag_set;
  uint32_t lflag_clear;
  std::string typed;
  std::string line;
  std::string shown;
};

class EditingTest : public LineDisciplineTest,
                    public testing::WithParamInterface<Edit> {};

TEST_P(EditingTest, GivesLineAndShowsIt) {
  const Edit& edit = GetParam();
  Change(&abi::termios2::c_lflag, edit.lflag_set, edit.lflag_clear);
  Change(&abi::termios2::c_iflag, IUTF8, 0);
  EXPECT_EQ(tty_.Receive(edit.typed), edit.typed.size());
  EXPECT_EQ(Read(), edit.line);
  EXPECT_EQ(device_.screen, edit.shown);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, EditingTest,
    testing::Values(
        Edit{"Plain", 0, 0, "ab\n", "ab\n", "ab\r\n"},
        Edit{"CarriageReturn", 0, 0, "ab\r", "ab\n", "ab\r\n"},
        Edit{"Erase", 0, 0, "abx\x7f\n", "ab\n", "abx\b \b\r\n"},
        Edit{"EraseAtStart", 0, 0, "\x7f\n", "\n", "\r\n"},
        Edit{"EraseControl", 0, 0, "\x01\x7f\n", "\n", "^A\b \b\b \b\r\n"},
        Edit{"EraseOneCharacterOfSeveralBytes", 0, 0, "a\xc3\xa9\x7f\n", "a\n",
             "a\xc3\xa9\b \b\r\n"},
        Edit{"EraseTab", 0, 0, "abc\t\x7f\n", "abc\n",
             "abc\t\b\b\b\b\b\r\n"},
        Edit{"EraseWithoutEchoe", 0, ECHOE, "ab\x7f\n", "a\n", "ab^?\r\n"},
        Edit{"EraseForPrinters", ECHOPRT, 0, "ab\x7f" "c\n", "ac\n",
             "ab\\b/c\r\n"},
        Edit{"WordErase", 0, 0, "one two\x17\n", "one \n",
             "one two\b \b\b \b\b \b\r\n"},
        Edit{"WordEraseTakesBlanksBehind", 0, 0, "a bc  \x17\n", "a \n",
             "a bc  \b \b\b \b\b \b\b \b\r\n"},
        Edit{"Kill", 0, 0, "abc\x15" "d\n", "d\n",
             "abc\b \b\b \b\b \bd\r\n"},
        Edit{"KillWithoutEchoke", 0, ECHOKE, "ab\x15" "c\n", "c\n",
             "ab^U\r\nc\r\n"},
        Edit{"LiteralNext", 0, 0, "\x16\x03\n", "\x03\n", "^\b^C\r\n"},
        Edit{"Reprint", 0, 0, "ab\x12\n", "ab\n", "ab^R\r\nab\r\n"},
        Edit{"EndOfFileEndsLine", 0, 0, "ab\x04", "ab", "ab"},
        Edit{"NoEcho", 0, ECHO, "ab\n", "ab\n", ""},
        Edit{"NewlineEchoAlone", ECHONL, ECHO, "ab\n", "ab\n", "\r\n"},
        Edit{"NoCarets", 0, ECHOCTL, "\x01\n", "\x01\n", "\x01\r\n"},
        Edit{"ExtendedKeysOff", 0, IEXTEN, "a\x17\n", "a\x17\n",
             "a^W\r\n"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(LineDisciplineTest, EndOfFileAloneIsAnEmptyRead) {
  tty_.Receive("\x04");
  EXPECT_TRUE(tty_.Readable());
  EXPECT_EQ(Read(), "");
  EXPECT_FALSE(tty_.Readable());
}

TEST_F(LineDisciplineTest, EndOfFileBehindAFullReadGoesWithIt) {
  tty_.Receive("abc\x04");
  EXPECT_EQ(Read(3), "abc");
  EXPECT_FALSE(tty_.Readable());
}

TEST_F(LineDisciplineTest, SignalKeysFlushUnlessToldNotTo) {
  tty_.Receive("lost\x03");
  EXPECT_EQ(device_.signals, std::vector<int>{SIGINT});
  EXPECT_EQ(device_.TakeScreen(), "^C");
  tty_.Receive("\n");
  EXPECT_EQ(Read(), "\n");
  Change(&abi::termios2::c_lflag, NOFLSH, 0);
  tty_.Receive("kept\x1a\n");
  EXPECT_EQ(device_.signals.back(), -SIGTSTP);
  EXPECT_EQ(Read(), "kept\n");
}

TEST_F(LineDisciplineTest, DisabledKeysAreOrdinary) {
  SetChar(VINTR, 0);
  Change(&abi::termios2::c_lflag, 0, ECHO);
  tty_.Receive(absl::string_view("\0\x03\n", 3));
  EXPECT_EQ(Read(), std::string("\0\x03\n", 3));
  EXPECT_TRUE(device_.signals.empty());
}

TEST_F(LineDisciplineTest, StopHoldsOutputAndEchoUntilStart) {
  tty_.Receive("\x13x");
  EXPECT_EQ(tty_.Write("out"), 0u);
  EXPECT_EQ(device_.screen, "");
  tty_.Receive("\x11");
  EXPECT_EQ(device_.screen, "x");
  EXPECT_EQ(tty_.Write("out"), 3u);
  EXPECT_EQ(device_.flow, "SQ");
}

TEST_F(LineDisciplineTest, SuspendedOutputIsNotStartedByKeys) {
  tty_.SuspendOutput(true);
  tty_.Receive("\x11");
  EXPECT_TRUE(tty_.stopped());
  tty_.SuspendOutput(false);
  EXPECT_FALSE(tty_.stopped());
}

TEST_F(LineDisciplineTest, OutputIsProcessedByItsFlags) {
  tty_.Write("a\n");
  EXPECT_EQ(device_.TakeScreen(), "a\r\n");
  Change(&abi::termios2::c_oflag, XTABS, 0);
  tty_.Write("ab\tc");
  EXPECT_EQ(device_.TakeScreen(), "ab      c");
  Change(&abi::termios2::c_oflag, OCRNL | OLCUC, ONLCR | XTABS);
  tty_.Write("x\r\n");
  EXPECT_EQ(device_.TakeScreen(), "X\n\n");
  Change(&abi::termios2::c_oflag, 0, OPOST);
  tty_.Write("x\r\n");
  EXPECT_EQ(device_.TakeScreen(), "x\r\n");
}

TEST_F(LineDisciplineTest, OutputStopsWhereThereIsNoRoom) {
  device_.room = 2;
  EXPECT_EQ(tty_.Write("a\nb"), 1u);  // CR LF has no room behind it
  EXPECT_EQ(device_.screen, "a");
}

TEST_F(LineDisciplineTest, InputIsTranslatedByItsFlags) {
  Change(&abi::termios2::c_lflag, 0, ECHO);
  Change(&abi::termios2::c_iflag, IGNCR | ISTRIP | IUCLC, ICRNL);
  tty_.Receive("A\r\xc2\n");
  EXPECT_EQ(Read(), "ab\n");
}

TEST_F(LineDisciplineTest, OverlongLineLosesItsEndAndNotItsNewline) {
  Change(&abi::termios2::c_lflag, 0, ECHO);
  const std::string typed(5000, 'x');
  EXPECT_EQ(tty_.Receive(typed), typed.size());
  tty_.Receive("\n");
  EXPECT_EQ(Read(5000), std::string(4095, 'x') + "\n");
}

TEST_F(LineDisciplineTest, RawInputWaitsForRoom) {
  Change(&abi::termios2::c_lflag, 0, ICANON | ECHO);
  const std::string typed(5000, 'x');
  EXPECT_EQ(tty_.Receive(typed), 4095u);
  EXPECT_EQ(Read(1000).size(), 1000u);
  EXPECT_EQ(tty_.Receive(typed), 1000u);
}

TEST_F(LineDisciplineTest, WhatWasTypedBecomesALineOfItsOwn) {
  Change(&abi::termios2::c_lflag, 0, ICANON);
  tty_.Receive("ab");
  EXPECT_TRUE(tty_.Readable(2));
  EXPECT_FALSE(tty_.Readable(3));
  Change(&abi::termios2::c_lflag, ICANON, 0);
  tty_.Receive("c\n");
  EXPECT_EQ(Read(), "ab");
  EXPECT_EQ(Read(), "c\n");
}

TEST_F(LineDisciplineTest, ReadableBytesCountNoEndOfFile) {
  tty_.Receive("ab\n\x04" "cd");
  EXPECT_EQ(tty_.ReadableBytes(), 3u);
  EXPECT_EQ(tty_.buffered(), 6u);
}

}  // namespace
}  // namespace emu
