// SPDX-License-Identifier: Apache-2.0
//
// A fresh directory on the host, removed with the test that made it.

#ifndef ARCH_HOST_TEST_DIRECTORY_H_
#define ARCH_HOST_TEST_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace emu {

class TestDirectory {
 public:
  TestDirectory() {
    std::string name = testing::TempDir() + "/emu-test-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  void Write(const std::string& name, const std::string& content) const {
    const std::filesystem::path path = Path(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::string Read(const std::string& name) const {
    std::stringstream content;
    content << std::ifstream(Path(name)).rdbuf();
    return content.str();
  }

 private:
  std::string path_;
};

}  // namespace emu

#endif  // ARCH_HOST_TEST_DIRECTORY_H_
