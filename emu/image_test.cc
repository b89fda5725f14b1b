// SPDX-License-Identifier: Apache-2.0

#include "emu/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/host/test_directory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// An entry of an archive; its type by `mode`.
struct Entry {
  std::string path;
  uint32_t mode = S_IFREG | 0644;
  std::string content;  // or a link's target
  uint32_t uid = 0;
  bool hard_link = false;
};

using Filter = int (*)(archive*);

std::string MakeTar(const std::vector<Entry>& entries,
                    Filter filter = archive_write_add_filter_none) {
  std::string bytes(1 << 20, '\0');
  size_t used = 0;
  archive* a = archive_write_new();
  archive_write_set_format_pax(a);
  filter(a);
  archive_write_open_memory(a, bytes.data(), bytes.size(), &used);
  for (const Entry& e : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, e.path.c_str());
    archive_entry_set_mode(entry, e.mode);
    archive_entry_set_uid(entry, e.uid);
    archive_entry_set_mtime(entry, 100, 5);
    if (e.hard_link) {
      archive_entry_set_hardlink(entry, e.content.c_str());
    } else if (S_ISLNK(e.mode)) {
      archive_entry_set_symlink(entry, e.content.c_str());
    } else {
      archive_entry_set_size(entry, static_cast<la_int64_t>(e.content.size()));
    }
    // A warning: names that are not ASCII are kept as they are.
    EXPECT_GE(archive_write_header(a, entry), ARCHIVE_WARN)
        << archive_error_string(a);
    if (!e.hard_link && S_ISREG(e.mode)) {
      archive_write_data(a, e.content.data(), e.content.size());
    }
    archive_entry_free(entry);
  }
  EXPECT_EQ(archive_write_close(a), ARCHIVE_OK);
  archive_write_free(a);
  bytes.resize(used);
  return bytes;
}

class ImageTest : public testing::Test {
 protected:
  absl::StatusOr<Image> Open(const std::string& name) {
    return OpenImage(dir_.Path(name), std::make_shared<Ownership>(), files_);
  }

  std::string OpenError(const std::string& name) {
    return std::string(Open(name).status().message());
  }

  static std::string Read(const Image& image, const std::string& path) {
    const auto content = ReadSmallFile(*image.tree, path);
    return content.ok() ? *content : std::string(content.status().message());
  }

  // An image layout under `name`, with one image of these layers.
  void WriteLayout(const std::string& name,
                   const std::vector<std::string>& layers) {
    dir_.Write(name + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    dir_.Write(name + "/blobs/sha256/c0",
               R"({"config":{"Env":["PATH=/opt/bin","A=b"],)"
               R"("WorkingDir":"/srv"}})");
    std::string list;
    for (size_t i = 0; i < layers.size(); ++i) {
      dir_.Write(absl::StrCat(name, "/blobs/sha256/", i), layers[i]);
      absl::StrAppend(&list, i ? "," : "", R"({"digest":"sha256:)", i, R"("})");
    }
    dir_.Write(name + "/blobs/sha256/m0",
               R"({"config":{"digest":"sha256:c0"},"layers":[)" + list + "]}");
    dir_.Write(name + "/blobs/sha256/f0",
               R"({"manifests":[)"
               R"({"digest":"sha256:none","platform":{"architecture":"arm64",)"
               R"("os":"linux"}},)"
               R"({"digest":"sha256:m0","platform":{"architecture":"amd64",)"
               R"("os":"linux"}}]})");
    dir_.Write(name + "/index.json",
               R"({"manifests":[{"digest":"sha256:f0"}]})");
  }

  TestDirectory dir_;
  OpenFiles files_{64};
};

TEST_F(ImageTest, ADirectoryIsTheHostsOwn) {
  dir_.Write("root/etc/hostname", "x");
  const auto image = Open("root");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_FALSE(image->is_host_root);
  EXPECT_EQ(Read(*image, "etc/hostname"), "x");
  EXPECT_TRUE(OpenImage("/", std::make_shared<Ownership>(), files_)->is_host_root);
}

TEST_F(ImageTest, WhatRootOwnsIsTheGuestsOnlyWhereItWorks) {
  dir_.Write("root/home/work/file", "");
  dir_.Write("root/home/worked", "");
  dir_.Write("root/etc/file", "");
  auto ownership = std::make_shared<Ownership>();
  ownership->near = "/home/work";
  const auto image = OpenImage(dir_.Path("root"), ownership, files_);
  ASSERT_TRUE(image.ok()) << image.status();
  HostTree& tree = *image->tree;
  const bool is_root = geteuid() == 0;
  EXPECT_EQ(tree.Stat("home")->owned, !is_root);
  EXPECT_TRUE(tree.Stat("home/work/file")->owned);
  // The guest must be able to get there.
  ASSERT_EQ(chmod(dir_.Path("root/home").c_str(), 0700), 0);
  EXPECT_TRUE(tree.Stat("home")->owned);
  EXPECT_EQ(tree.Stat("etc/file")->owned, !is_root);
  EXPECT_EQ(tree.Stat("home/worked")->owned, !is_root);
  EXPECT_EQ(tree.Stat("")->owned, !is_root);
  ownership->near = "/";
  EXPECT_TRUE(tree.Stat("etc/file")->owned);
}

TEST_F(ImageTest, ATarIsItsContents) {
  dir_.Write("a.tar",
             MakeTar({{"./", S_IFDIR | 0711, ""},
                      {"./bin/sh", S_IFREG | 0755, "#!"},
                      {"/abs", S_IFREG | 0600, "a", 1000},
                      {"link", S_IFLNK | 0777, "bin/sh"},
                      {"hard", S_IFREG | 0755, "bin/sh", 0, true},
                      {"fifo", S_IFIFO | 0600, ""},
                      {"null", S_IFCHR | 0666, ""}}));
  const auto image = Open("a.tar");
  ASSERT_TRUE(image.ok()) << image.status();
  HostTree& tree = *image->tree;
  EXPECT_EQ(tree.Stat("")->mode, S_IFDIR | 0711u);
  EXPECT_EQ(Read(*image, "bin/sh"), "#!");
  EXPECT_EQ(tree.Stat("bin/sh")->mode, S_IFREG | 0755u);
  EXPECT_EQ(tree.Stat("bin/sh")->mtime, 100'000'000'005);
  EXPECT_EQ(tree.Stat("hard")->inode, tree.Stat("bin/sh")->inode);
  EXPECT_TRUE(tree.Stat("abs")->owned);
  EXPECT_FALSE(tree.Stat("bin/sh")->owned);
  EXPECT_EQ(*tree.ReadLink("link"), "bin/sh");
  EXPECT_TRUE(S_ISFIFO(tree.Stat("fifo")->mode));
  EXPECT_TRUE(S_ISCHR(tree.Stat("null")->mode));
}

TEST_F(ImageTest, TarsMayBeCompressed) {
  for (const Filter filter : {archive_write_add_filter_gzip,
                              archive_write_add_filter_xz,
                              archive_write_add_filter_zstd}) {
    dir_.Write("a", MakeTar({{"file", S_IFREG | 0644, "content"}}, filter));
    const auto image = Open("a");
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(Read(*image, "file"), "content");
  }
}

TEST_F(ImageTest, NamesMayBeAnyBytes) {
  dir_.Write("a", MakeTar({{"gr\xc3\xbc\xc3\x9f" "e", S_IFREG | 0644, "u"}}));
  const auto image = Open("a");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(*image, "gr\xc3\xbc\xc3\x9f" "e"), "u");
}

// GNU tar puts such a name into a header of its own, in UTF-8.
TEST_F(ImageTest, NamesMayBeUtf8InAPaxHeader) {
  const std::string name = "gr\xc3\xbcn" + std::string(120, 'n');
  dir_.Write(name, "u");
  ASSERT_EQ(system(("cd " + dir_.path() + " && tar --format=pax -cf a " + name)
                       .c_str()),
            0);
  const auto image = Open("a");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(*image, name), "u");
}

TEST_F(ImageTest, WhatIsNoArchiveIsSaidToBeNone) {
  dir_.Write("text", "This is not a tar archive at all.\n");
  EXPECT_THAT(OpenError("text"), HasSubstr("text cannot be read as a tar"));
  EXPECT_THAT(OpenError("none"), HasSubstr("none\"): No such file"));
  ASSERT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(OpenError("fifo"), HasSubstr("neither a directory nor"));
}

TEST_F(ImageTest, ATruncatedArchiveIsRefused) {
  const std::string whole = MakeTar(
      {{"file", S_IFREG | 0644, std::string(50'000, 'x')}});
  dir_.Write("cut", whole.substr(0, 20'000));
  EXPECT_FALSE(Open("cut").ok());
  const std::string packed =
      MakeTar({{"file", S_IFREG | 0644, std::string(500'000, 'x')}},
              archive_write_add_filter_gzip);
  dir_.Write("cut.gz", packed.substr(0, packed.size() / 2));
  EXPECT_FALSE(Open("cut.gz").ok());
}

TEST_F(ImageTest, NoEntryLeadsOut) {
  dir_.Write("evil", MakeTar({{"a/../../etc/passwd", S_IFREG | 0644, ""}}));
  EXPECT_THAT(OpenError("evil"), HasSubstr("leads out of the archive"));
}

TEST_F(ImageTest, AnOciLayoutIsItsLayers) {
  WriteLayout(
      "oci",
      {MakeTar({{"etc/keep", S_IFREG | 0644, "1"},
                {"etc/gone", S_IFREG | 0644, "1"},
                {"etc/changed", S_IFREG | 0644, "1"},
                {"var/old", S_IFREG | 0644, "1"}}),
       MakeTar({{"etc/.wh.gone", S_IFREG | 0644, ""},
                {"etc/changed", S_IFREG | 0644, "2"},
                {"var/new", S_IFREG | 0644, "2"},
                {"var/.wh..wh..opq", S_IFREG | 0644, ""}},
               archive_write_add_filter_gzip)});
  const auto image = Open("oci");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(*image, "etc/keep"), "1");
  EXPECT_EQ(Read(*image, "etc/changed"), "2");
  EXPECT_EQ(Read(*image, "var/new"), "2");
  EXPECT_FALSE(image->tree->Stat("etc/gone").ok());
  EXPECT_FALSE(image->tree->Stat("etc/.wh.gone").ok());
  EXPECT_FALSE(image->tree->Stat("var/old").ok());
  EXPECT_THAT(image->env, ElementsAre("PATH=/opt/bin", "A=b"));
  EXPECT_EQ(image->workdir, "/srv");
}

TEST_F(ImageTest, AnOciLayoutMayBeATar) {
  WriteLayout("oci", {MakeTar({{"file", S_IFREG | 0644, "x"}})});
  std::vector<Entry> entries;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(dir_.Path("oci"))) {
    if (!file.is_regular_file()) continue;
    const std::string name =
        std::filesystem::relative(file.path(), dir_.path());
    entries.push_back({name.substr(4), S_IFREG | 0644, dir_.Read(name)});
  }
  dir_.Write("oci.tar", MakeTar(entries));
  const auto image = Open("oci.tar");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(*image, "file"), "x");
  EXPECT_FALSE(image->tree->Stat("index.json").ok());
}

TEST_F(ImageTest, WhatDockerSavedIsReadToo) {
  dir_.Write("saved/manifest.json",
             R"([{"Config":"c.json","Layers":["l/layer.tar"]}])");
  dir_.Write("saved/c.json", R"({"config":{"Env":["A=1"]}})");
  dir_.Write("saved/l/layer.tar", MakeTar({{"file", S_IFREG | 0644, "x"}}));
  const auto image = Open("saved");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(Read(*image, "file"), "x");
  EXPECT_THAT(image->env, ElementsAre("A=1"));
}

TEST_F(ImageTest, DamagedLayoutsAreNamed) {
  WriteLayout("oci", {});
  dir_.Write("oci/index.json", "{");
  EXPECT_THAT(OpenError("oci"), HasSubstr("index.json is not JSON"));
  dir_.Write("oci/index.json", "[]");
  EXPECT_THAT(OpenError("oci"), HasSubstr("digest \"\" is malformed"));
  dir_.Write("oci/index.json",
             R"({"manifests":[{"digest":"sha256:../../x"}]})");
  EXPECT_THAT(OpenError("oci"), HasSubstr("malformed"));
  dir_.Write("oci/index.json",
             R"({"manifests":[{"digest":"sha256:f0","platform":)"
             R"({"architecture":"s390x","os":"linux"}}]})");
  EXPECT_THAT(OpenError("oci"), HasSubstr("no image for linux/amd64"));
  dir_.Write("oci/index.json", R"({"manifests":[{"digest":"sha256:dead"}]})");
  EXPECT_THAT(OpenError("oci"),
              HasSubstr("blobs/sha256/dead: No such file or directory"));
}

}  // namespace
}  // namespace emu
