// SPDX-License-Identifier: Apache-2.0
//
// A fresh directory for one test, which is the working directory meanwhile, so
// that a test names its files simply "file". All of it is removed afterwards.

#ifndef EMU_TESTS_UTIL_TEMP_PATH_H_
#define EMU_TESTS_UTIL_TEMP_PATH_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/util/fd.h"

namespace emu {

// Makes a directory, enters it; leaves and removes it with all it holds.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  // Absolute, without a slash at the end.
  const std::string& path() const { return path_; }

 private:
  Fd previous_;
  std::string path_;
};

// A fixture whose tests each run in a TempDir.
class TempDirTest : public testing::Test {
 protected:
  const std::string& path() const { return dir_.path(); }

 private:
  TempDir dir_;
};

// Replaces the content of `path`, creating it with mode 0644. False on failure.
bool WriteFile(const char* path, std::string_view content);

// The content of `path`, or "<error>" where it cannot be read.
std::string ReadFile(const char* path);

// Opens `path`, created with mode 0644 and this content, for read and write.
Fd OpenWith(const char* path, std::string_view content, int flags = 0);

}  // namespace emu

#endif  // EMU_TESTS_UTIL_TEMP_PATH_H_
