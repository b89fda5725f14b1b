// SPDX-License-Identifier: Apache-2.0
//
// A directory of the host that a test makes up: nodes by path, and a count of
// what was asked. Read-only.

#ifndef TESTS_UTIL_FAKE_HOST_TREE_H_
#define TESTS_UTIL_FAKE_HOST_TREE_H_

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "arch/host_tree.h"

namespace emu {

class FakeHostTree : public HostTree {
 public:
  struct Node {
    HostNode attributes;
    std::string bytes;  // content, or a link's target
  };

  FakeHostTree() { AddDirectory(""); }

  void AddDirectory(const std::string& path, uint32_t mode = 0755) {
    Add(path, S_IFDIR | mode, "");
  }
  void AddFile(const std::string& path, const std::string& bytes,
               uint32_t mode = 0644) {
    Add(path, S_IFREG | mode, bytes);
  }
  void AddLink(const std::string& path, const std::string& target) {
    Add(path, S_IFLNK | 0777, target);
  }
  // Another name of the file at `path`.
  void AddName(const std::string& path, const std::string& other) {
    nodes_[path].attributes.nlink = 2;
    nodes_[other] = nodes_[path];
  }
  Node& at(const std::string& path) { return nodes_.at(path); }

  // Whether the host can map these files.
  bool maps = true;
  int lists = 0;
  int opens = 0;
  int closes = 0;

  bool CanMap(HostFileId, bool) override { return maps; }
  Result<HostNode> Stat(const std::string& path) override {
    auto it = nodes_.find(path);
    if (it == nodes_.end()) return Errno(ENOENT);
    return it->second.attributes;
  }
  Result<std::vector<HostDirEntry>> List(const std::string& path) override {
    ++lists;
    const std::string prefix = path.empty() ? "" : path + "/";
    std::vector<HostDirEntry> entries;
    for (const auto& [name, node] : nodes_) {
      if (name.empty() || name.compare(0, prefix.size(), prefix) != 0) continue;
      const std::string rest = name.substr(prefix.size());
      if (rest.empty() || rest.find('/') != std::string::npos) continue;
      entries.push_back({rest, node.attributes.mode & S_IFMT});
    }
    return entries;
  }
  Result<std::string> ReadLink(const std::string& path) override {
    return nodes_.at(path).bytes;
  }
  Result<HostFileId> Open(const std::string& path, bool) override {
    if (nodes_.find(path) == nodes_.end()) return Errno(ENOENT);
    ++opens;
    files_.push_back(path);
    return HostFileId{static_cast<int>(files_.size()) - 1};
  }
  void Close(HostFileId) override { ++closes; }
  Result<size_t> ReadAt(HostFileId file, absl::Span<char> out,
                        uint64_t offset) override {
    const std::string& bytes = nodes_.at(files_[file.value]).bytes;
    if (offset >= bytes.size()) return size_t{0};
    const size_t n = std::min(out.size(), bytes.size() - offset);
    memcpy(out.data(), bytes.data() + offset, n);
    return n;
  }
  Result<HostNode> StatFile(HostFileId file) override {
    return Stat(files_[file.value]);
  }

  Result<size_t> WriteAt(HostFileId, absl::Span<const char>,
                         uint64_t) override {
    return Errno(EROFS);
  }
  Result<> Truncate(HostFileId, uint64_t) override { return Errno(EROFS); }
  Result<> Sync(HostFileId) override { return {}; }
  Result<> Create(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeDirectory(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeNode(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeSymlink(const std::string&, const std::string&) override {
    return Errno(EROFS);
  }
  Result<> Link(const std::string&, const std::string&) override {
    return Errno(EROFS);
  }
  Result<> Unlink(const std::string&) override { return Errno(EROFS); }
  Result<> RemoveDirectory(const std::string&) override { return Errno(EROFS); }
  Result<> Rename(const std::string&, const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> SetMode(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> SetTimes(const std::string&, Nanos, Nanos) override {
    return Errno(EROFS);
  }

 private:
  void Add(const std::string& path, uint32_t mode, const std::string& bytes) {
    Node& node = nodes_[path];
    node.attributes.mode = mode;
    node.attributes.size = bytes.size();
    node.attributes.device = 1;
    node.attributes.inode = ++last_inode_;
    node.bytes = bytes;
  }

  std::map<std::string, Node> nodes_;
  std::vector<std::string> files_;
  uint64_t last_inode_ = 0;
};

}  // namespace emu

#endif  // TESTS_UTIL_FAKE_HOST_TREE_H_
