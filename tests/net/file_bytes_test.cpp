#include "net/file_bytes.h"

#include <cerrno>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/core/temporary_folder.h"

namespace headrace::net {
namespace {

class FileBytesTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder.file(name), std::ios::binary) << text;
    return folder.file(name);
  }

  core::TemporaryFolder folder;
};

std::string some_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + (i % 23));
  return text;
}

TEST_F(FileBytesTest, ReadsWhatFitsAndNothingLarger) {
  for (const std::size_t size : {0U, 1U, 4095U, 4096U}) {
    const std::string file = write("file", some_text(size));
    const auto read = read_file_bytes(file, 4096);
    ASSERT_TRUE(read.has_value()) << size;
    EXPECT_EQ(read->text(), some_text(size));
  }
  EXPECT_EQ(read_file_bytes(write("file", some_text(4097)), 4096).error(), EFBIG);
}

TEST_F(FileBytesTest, ReadsAPipeOfUnknownSizeToItsEnd) {
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string sent = some_text(300'000);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << sent; });
  const auto read = read_file_bytes(pipe, 1 << 20);
  writer.join();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), sent);
}

TEST_F(FileBytesTest, ReadsNoMoreThanAllowedOfAFileWithoutEnd) {
  EXPECT_EQ(read_file_bytes("/dev/zero", 100'000).error(), EFBIG);
}

TEST_F(FileBytesTest, SaysWhyNothingWasRead) {
  EXPECT_EQ(read_file_bytes(folder.file("missing"), 10).error(), ENOENT);
  EXPECT_EQ(read_file_bytes(folder.path(), 10).error(), EISDIR);
}

}  // namespace
}  // namespace headrace::net
