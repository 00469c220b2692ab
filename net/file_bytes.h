// Reads a whole file that may hold a secret: a key, a credential, a config with either.
//
// Threads:    any that may block; not a shard.
// Invariants: what was read goes straight from the kernel to where it stays, and is wiped there.
// Errors:     an errno value; EFBIG where the file is larger than the caller allows.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::net {

class FileBytes {
 public:
  explicit FileBytes(std::size_t size) : bytes_(size) {}
  ~FileBytes() { wipe(); }
  FileBytes(FileBytes&&) = default;
  FileBytes& operator=(FileBytes&&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::byte> room() { return bytes_; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  // Nothing stays behind of what has to move, or is dropped.
  void resize(std::size_t size);

 private:
  void wipe();

  std::vector<std::byte> bytes_;
};

// A pipe is read to its end. No more than `bytes_max` of a file that never ends.
std::expected<FileBytes, int> read_file_bytes(const std::string& path, std::size_t bytes_max);

}  // namespace headrace::net
