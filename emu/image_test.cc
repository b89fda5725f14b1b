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
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "arch/host/test_directory.h"
#include "emu/digest.h"
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
    archive_entry_set_gid(entry, e.uid == 0 ? 0 : e.uid + 1);
    if ((e.mode & S_ISUID) != 0) {
      archive_entry_xattr_add_entry(entry, "user.note", "a\0b", 3);
    }
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

  // Adds a blob to the layout `name`; its descriptor, with `more` members.
  std::string Blob(const std::string& name, const std::string& content,
                   const std::string& more = "") {
    const std::string digest = Sha256(content);
    dir_.Write(absl::StrCat(name, "/blobs/sha256/", digest), content);
    return absl::StrCat(R"({"digest":"sha256:)", digest, "\"", more, "}");
  }

  // An image layout under `name`, with one image of these layers.
  void WriteLayout(const std::string& name,
                   const std::vector<std::string>& layers) {
    dir_.Write(name + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    const std::string config =
        Blob(name, R"({"config":{"Env":["PATH=/opt/bin","A=b"],)"
                   R"("WorkingDir":"/srv"}})");
    std::vector<std::string> list;
    for (const std::string& layer : layers) list.push_back(Blob(name, layer));
    const std::string manifest =
        Blob(name,
             absl::StrCat(R"({"config":)", config, R"(,"layers":[)",
                          absl::StrJoin(list, ","), "]}"),
             R"(,"platform":{"architecture":"amd64","os":"linux"})");
    const std::string index = Blob(
        name, R"({"manifests":[)"
              R"({"digest":"sha256:none","platform":{"architecture":"arm64",)"
              R"("os":"linux"}},)" +
                  manifest + "]}");
    dir_.Write(name + "/index.json", R"({"manifests":[)" + index + "]}");
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
  dir_.Write("root/home/user/file", "");
  dir_.Write("root/home/userland", "");
  dir_.Write("root/etc/file", "");
  auto ownership = std::make_shared<Ownership>();
  ownership->near = "/home/user";
  const auto image = OpenImage(dir_.Path("root"), ownership, files_);
  ASSERT_TRUE(image.ok()) << image.status();
  HostTree& tree = *image->tree;
  const bool is_root = geteuid() == 0;
  EXPECT_EQ(tree.Stat("home")->owned, !is_root);
  EXPECT_TRUE(tree.Stat("home/user/file")->owned);
  // The guest must be able to get there.
  ASSERT_EQ(chmod(dir_.Path("root/home").c_str(), 0700), 0);
  EXPECT_TRUE(tree.Stat("home")->owned);
  EXPECT_EQ(tree.Stat("etc/file")->owned, !is_root);
  EXPECT_EQ(tree.Stat("home/userland")->owned, !is_root);
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
  EXPECT_EQ(tree.Stat("abs")->uid, 1000u);
  EXPECT_EQ(tree.Stat("bin/sh")->uid, 0u);
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

TEST_F(ImageTest, WhatDockerSavedMustBeWhatItsDigestsSay) {
  const std::string layer = MakeTar({{"file", S_IFREG | 0644, "x"}});
  const std::string config = absl::StrCat(
      R"({"rootfs":{"diff_ids":["sha256:)", Sha256(layer), R"("]}})");
  const std::string name = Sha256(config) + ".json";
  const auto write_manifest = [&](const std::string& layers) {
    dir_.Write("saved/manifest.json",
               absl::StrCat(R"([{"Config":")", name, R"(","Layers":[)", layers,
                            "]}]"));
  };
  write_manifest(R"("l/layer.tar")");
  dir_.Write("saved/" + name, config);
  dir_.Write("saved/l/layer.tar", layer);
  ASSERT_TRUE(Open("saved").ok()) << OpenError("saved");
  dir_.Write("saved/l/layer.tar", layer + " ");
  EXPECT_EQ(OpenError("saved"), dir_.Path("saved") +
                                    ": l/layer.tar is damaged: its content "
                                    "has another digest");
  dir_.Write("saved/l/layer.tar", layer);
  write_manifest(R"("l/layer.tar","l/layer.tar")");
  EXPECT_THAT(OpenError("saved"), HasSubstr("disagree on how many layers"));
  write_manifest(R"("l/layer.tar")");
  dir_.Write("saved/" + name, config + " ");
  EXPECT_THAT(OpenError("saved"), HasSubstr(name + " is damaged"));
}

TEST_F(ImageTest, BlobsMustBeWhatTheirDigestsSay) {
  const std::string layer = MakeTar({{"file", S_IFREG | 0644, "x"}});
  WriteLayout("oci", {layer});
  ASSERT_TRUE(Open("oci").ok());
  std::vector<std::string> blobs;
  for (const auto& file :
       std::filesystem::directory_iterator(dir_.Path("oci/blobs/sha256"))) {
    blobs.push_back(file.path().filename());
  }
  ASSERT_EQ(blobs.size(), 4u);  // index, manifest, configuration, layer
  for (const std::string& blob : blobs) {
    const std::string path = "oci/blobs/sha256/" + blob;
    const std::string content = dir_.Read(path);
    dir_.Write(path, content + " ");
    EXPECT_EQ(OpenError("oci"),
              dir_.Path("oci") + ": blobs/sha256/" + blob +
                  " is damaged: its content has another digest");
    dir_.Write(path, content);
  }
  EXPECT_TRUE(Open("oci").ok());
  dir_.Write("oci/index.json", R"({"manifests":[{"digest":"md5:00"}]})");
  EXPECT_THAT(OpenError("oci"), HasSubstr("digests by \"md5\" are not known"));
}

TEST_F(ImageTest, ATarKeepsOwnersModesAndExtendedAttributes) {
  dir_.Write("a.tar", MakeTar({{"sbin/", S_IFDIR | 02755, "", 7},
                               {"sbin/su", S_IFREG | 04755, "", 0},
                               {"spool", S_IFDIR | 01777, "", 65534},
                               {"other", S_IFREG | 0640, "", 3'000'000'000}}));
  const auto image = Open("a.tar");
  ASSERT_TRUE(image.ok()) << image.status();
  HostTree& tree = *image->tree;
  EXPECT_EQ(tree.Stat("sbin")->mode, S_IFDIR | 02755u);
  EXPECT_EQ(tree.Stat("sbin/su")->mode, S_IFREG | 04755u);
  EXPECT_EQ(tree.Stat("spool")->mode, S_IFDIR | 01777u);
  EXPECT_TRUE(tree.Stat("sbin")->keeps_owner);
  EXPECT_EQ(tree.Stat("sbin")->uid, 7u);
  EXPECT_EQ(tree.Stat("sbin")->gid, 8u);
  EXPECT_EQ(tree.Stat("other")->uid, 3'000'000'000u);
  EXPECT_THAT(tree.XattrsOf("sbin/su"),
              ElementsAre(std::pair<std::string, std::string>(
                  "user.note", std::string("a\0b", 3))));
}

TEST_F(ImageTest, LayersReplaceAndLinkWhatIsBelow) {
  WriteLayout(
      "oci",
      {MakeTar({{"dir/below", S_IFREG | 0644, "1"},
                {"file", S_IFREG | 0644, "1"},
                {"tree/old", S_IFREG | 0644, "1"},
                {"lib", S_IFLNK | 0777, "usr/lib"},
                {"usr/lib/a", S_IFREG | 0644, "1"}}),
       MakeTar({{"file/", S_IFDIR | 0755, ""},
                {"dir", S_IFDIR | 0700, "", 5},
                {"dir/hard", S_IFREG | 0644, "dir/below", 0, true},
                {"tree/new", S_IFREG | 0644, "2"},
                {".wh.tree", S_IFREG | 0644, ""},
                {"lib/b", S_IFREG | 0644, "2"}})});
  const auto image = Open("oci");
  ASSERT_TRUE(image.ok()) << image.status();
  HostTree& tree = *image->tree;
  EXPECT_TRUE(S_ISDIR(tree.Stat("file")->mode));
  EXPECT_EQ(tree.Stat("dir")->mode, S_IFDIR | 0700u);
  EXPECT_EQ(tree.Stat("dir")->uid, 5u);
  EXPECT_EQ(tree.Stat("dir/hard")->inode, tree.Stat("dir/below")->inode);
  EXPECT_EQ(tree.Stat("dir/hard")->nlink, 2u);
  EXPECT_FALSE(tree.Stat("tree/old").ok());
  EXPECT_EQ(Read(*image, "tree/new"), "2");
  EXPECT_EQ(Read(*image, "usr/lib/b"), "2");
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
