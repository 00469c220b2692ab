#include "net/config_files.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace headrace::net {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

}  // namespace

std::expected<FileBytes, std::string> read_config_file(std::string_view path) {
  auto file = read_file_bytes(std::string(path), kFileBytesMax);
  if (file) return std::move(*file);
  if (file.error() == EFBIG) {
    return std::unexpected(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(file.error())));
}

}  // namespace headrace::net
