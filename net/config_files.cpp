#include "net/config_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>

#include <fmt/format.h>

namespace headrace::net {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

}  // namespace

std::expected<std::vector<std::byte>, std::string> read_config_file(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file) return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  // No more than that of a file that never ends.
  std::vector<char> text(kFileBytesMax + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad())
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return std::unexpected(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  const auto bytes = std::as_bytes(std::span(text));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace headrace::net
