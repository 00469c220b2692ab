#include "net/config_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include <fmt/format.h>

namespace headrace::net {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

}  // namespace

std::expected<std::vector<std::byte>, std::string> read_config_file(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file) return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  std::vector<char> text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kFileBytesMax) {
    return std::unexpected(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  const auto bytes = std::as_bytes(std::span(text));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace headrace::net
