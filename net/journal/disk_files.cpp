#include "net/journal/disk_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace::net {

namespace {

constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kDigits = 10;

class DiskFile final : public JournalFile {
 public:
  explicit DiskFile(int descriptor) : descriptor_(descriptor) {}
  ~DiskFile() override { ::close(descriptor_); }

  int write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return 0;
  }
  int sync() override {
    struct stat status{};
    if (::fdatasync(descriptor_) != 0 || ::fstat(descriptor_, &status) != 0) return errno;
    return status.st_nlink == 0 ? ENOENT : 0;
  }
  int cut(std::uint64_t bytes) override {
    return ::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  }

 private:
  int descriptor_;
};

// A name is on the disk when its folder is.
int sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

// Of a file name; 0: it is none of ours.
std::uint64_t number_in(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return 0;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number);
  return error == std::errc() && end == name.data() + kDigits ? number : 0;
}

}  // namespace

std::expected<std::unique_ptr<DiskFiles>, std::string> DiskFiles::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return std::unexpected(
        fmt::format("the journal's folder {} cannot be made: {}", folder, error.message()));
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return std::unexpected(
        fmt::format("the journal's folder {} is not usable: {}", folder, std::strerror(errno)));
  }
  return std::make_unique<DiskFiles>(folder);
}

std::string DiskFiles::file_name(std::uint64_t number) {
  return fmt::format("{:010}{}", number, kSuffix);
}

std::string DiskFiles::path_of(std::uint64_t number) const {
  return folder_ + "/" + file_name(number);
}

std::expected<std::vector<JournalFiles::Entry>, int> DiskFiles::list() {
  std::vector<Entry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end;
       at.increment(error)) {
    const std::uint64_t number = number_in(at->path().filename().string());
    struct stat status{};
    if (number == 0 || ::stat(at->path().c_str(), &status) != 0) continue;
    constexpr std::int64_t kNanos = 1'000'000'000;
    entries.push_back({.number = number,
                       .bytes = static_cast<std::uint64_t>(status.st_size),
                       .changed_unix_nanos =
                           std::int64_t{status.st_mtim.tv_sec} * kNanos + status.st_mtim.tv_nsec});
  }
  if (error) return std::unexpected(error.value());
  std::ranges::sort(entries, {}, &Entry::number);
  return entries;
}

std::expected<std::unique_ptr<JournalFile>, int> DiskFiles::create(std::uint64_t number) {
  const int descriptor =
      ::open(path_of(number).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (descriptor < 0) return std::unexpected(errno);
  auto file = std::make_unique<DiskFile>(descriptor);
  if (const int error = sync_folder(folder_); error != 0) return std::unexpected(error);
  return file;
}

std::expected<std::unique_ptr<JournalFile>, int> DiskFiles::reopen(std::uint64_t number) {
  const int descriptor = ::open(path_of(number).c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(errno);
  return std::make_unique<DiskFile>(descriptor);
}

std::expected<std::vector<std::byte>, int> DiskFiles::read(std::uint64_t number,
                                                           std::uint64_t offset,
                                                           std::uint64_t bytes_max) {
  const int descriptor = ::open(path_of(number).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(errno);
  struct stat status{};
  int error = ::fstat(descriptor, &status) == 0 ? 0 : errno;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(offset < size ? std::min(size - offset, bytes_max) : 0));
  std::size_t got = 0;
  while (error == 0 && got < bytes.size()) {
    const ssize_t result = ::pread(descriptor, bytes.data() + got, bytes.size() - got,
                                   static_cast<off_t>(offset + got));
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) error = errno;
    if (result <= 0) break;
    got += static_cast<std::size_t>(result);
  }
  ::close(descriptor);
  if (error != 0) return std::unexpected(error);
  bytes.resize(got);
  return bytes;
}

int DiskFiles::remove(std::uint64_t number) {
  return ::unlink(path_of(number).c_str()) == 0 ? 0 : errno;
}

}  // namespace headrace::net
