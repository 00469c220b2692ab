#include "net/config_files.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/mem.h>
#include <unistd.h>

namespace headrace::net {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

}  // namespace

FileBytes::~FileBytes() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

// Straight from the kernel to where it stays: a stream would leave it in buffers of its own.
std::expected<FileBytes, std::string> read_config_file(std::string_view path) {
  const int descriptor = ::open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  // No more than that of a file that never ends.
  std::vector<std::byte> room(kFileBytesMax + 1);
  std::size_t size = 0;
  ssize_t part = 0;
  do {
    part = ::read(descriptor, room.data() + size, room.size() - size);
    if (part > 0) size += static_cast<std::size_t>(part);
  } while (size < room.size() && (part > 0 || (part < 0 && errno == EINTR)));
  const int error = errno;
  ::close(descriptor);
  room.resize(size);
  FileBytes file(std::move(room));
  if (part < 0) {
    return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(error)));
  }
  if (size > kFileBytesMax) {
    return std::unexpected(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  return file;
}

}  // namespace headrace::net
