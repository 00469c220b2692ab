// Reads the files that a config names: certificates, keys, anchors.
//
// Threads: the loading thread; may block.  Errors: a line for an operator.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::net {

// What was read. It may be a key: its bytes are in no other memory, and wiped with it.
class FileBytes {
 public:
  explicit FileBytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  ~FileBytes();
  FileBytes(FileBytes&&) = default;
  FileBytes& operator=(FileBytes&&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::vector<std::byte> bytes_;
};

// Files of up to 4 MiB.
std::expected<FileBytes, std::string> read_config_file(std::string_view path);

}  // namespace headrace::net
