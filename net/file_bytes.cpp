#include "net/file_bytes.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <openssl/mem.h>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace::net {

namespace {

constexpr std::size_t kOfUnknownSize = 64 * 1024;

// One byte more than is expected: reading it says whether the end was where it should be.
std::size_t room_for(int descriptor, std::size_t bytes_max) {
  struct stat facts{};
  const bool known = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
  const std::size_t expected = known ? static_cast<std::size_t>(facts.st_size) : kOfUnknownSize;
  return std::min(expected, bytes_max) + 1;
}

}  // namespace

void FileBytes::wipe() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

void FileBytes::resize(std::size_t size) {
  if (size > bytes_.capacity()) {
    std::vector<std::byte> longer(size);
    std::ranges::copy(bytes_, longer.begin());
    wipe();
    bytes_ = std::move(longer);
    return;
  }
  if (size < bytes_.size()) OPENSSL_cleanse(bytes_.data() + size, bytes_.size() - size);
  bytes_.resize(size);
}

std::expected<FileBytes, int> read_file_bytes(const std::string& path, std::size_t bytes_max) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(errno);
  FileBytes file(room_for(descriptor, bytes_max));
  std::size_t size = 0;
  ssize_t part = 0;
  do {
    if (size == file.room().size()) file.resize(std::min(2 * size, bytes_max + 1));
    const auto room = file.room().subspan(size);
    part = ::read(descriptor, room.data(), room.size());
    if (part > 0) size += static_cast<std::size_t>(part);
  } while (size <= bytes_max && (part > 0 || (part < 0 && errno == EINTR)));
  const int error = errno;
  ::close(descriptor);
  // A folder opens like a file; half of a text must not be taken for all of it.
  if (part < 0) return std::unexpected(error);
  if (size > bytes_max) return std::unexpected(EFBIG);
  file.resize(size);
  return file;
}

}  // namespace headrace::net
