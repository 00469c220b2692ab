#include "core/shared_region.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
#include "core/hash.h"
#include "core/reserved_memory.h"

namespace headrace::core {

namespace {

constexpr const char* kAnonymousName = "(anonymous)";

std::unexpected<std::string> refuse(const std::string& name, const std::string& why) {
  return std::unexpected("shared region " + name + ": " + why);
}

std::unexpected<std::string> refuse_errno(const std::string& name, const std::string& what,
                                          int error_number) {
  return refuse(name, what + ": " + std::strerror(error_number));
}

// Closes on every way out until it is handed on.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::uint64_t checksum_of(const RegionDescription& description) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&description);
  return hash64({bytes, offsetof(RegionDescription, checksum)});
}

// Memory for a part of the file, so that no store to it fails later.
std::expected<void, std::string> take_memory(int descriptor, const RegionArea& area) {
  if (area.bytes == 0) return {};
  const int error = ::posix_fallocate(descriptor, static_cast<off_t>(area.offset),
                                      static_cast<off_t>(area.bytes));
  if (error == 0) return {};
  return std::unexpected("needs " + std::to_string((area.bytes >> 20U) + 1) +
                         " MiB of memory: " + std::strerror(error) +
                         ". Make room, enlarge the file system (mount -o "
                         "remount,size=... /dev/shm), or plan for less");
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string geometry_difference(const RegionGeometry& has, const RegionGeometry& wanted) {
  const struct {
    const char* name;
    std::uint64_t has;
    std::uint64_t wanted;
  } fields[] = {
      {"shards", has.shards, wanted.shards},
      {"incarnations", has.incarnations, wanted.incarnations},
      {"limit_slots", has.limit_slots, wanted.limit_slots},
      {"limit_step_blocks", has.limit_step_blocks, wanted.limit_step_blocks},
      {"breaker_slots", has.breaker_slots, wanted.breaker_slots},
      {"key_slots", has.key_slots, wanted.key_slots},
      {"in_flight_entries", has.in_flight_entries, wanted.in_flight_entries},
      {"config_bank_bytes", has.config_bank_bytes, wanted.config_bank_bytes},
      {"delta_log_bytes", has.delta_log_bytes, wanted.delta_log_bytes},
      {"refusal_bytes", has.refusal_bytes, wanted.refusal_bytes},
      {"record_ring_bytes", has.record_ring_bytes, wanted.record_ring_bytes},
  };
  std::string difference;
  for (const auto& field : fields) {
    if (field.has == field.wanted) continue;
    if (!difference.empty()) difference += ", ";
    difference += std::string(field.name) + " " + std::to_string(field.has) + " instead of " +
                  std::to_string(field.wanted);
  }
  return difference;
}

}  // namespace

std::expected<SharedRegion, std::string> SharedRegion::open(const std::string& path,
                                                            const RegionGeometry& geometry,
                                                            WallTime now, std::uint64_t identity) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return refuse_errno(path, "cannot be examined", errno);
    // Made without a name and named when it is whole: nobody ever sees half a region, and one whose
    // maker dies is gone with it.
    Descriptor file(::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file.number() < 0) {
      return refuse_errno(path, "cannot be made (a folder on a tmpfs is needed, as /dev/shm)",
                          errno);
    }
    auto region = make(file.number(), path, geometry, now, identity);
    if (!region) return region;
    file.release();
    const std::string unnamed = "/proc/self/fd/" + std::to_string(region->descriptor());
    if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      return region;
    }
    if (errno != EEXIST) return refuse_errno(path, "cannot be named", errno);
    // Another process was quicker: its region is the one.
  }
  auto region = open_existing(path);
  if (!region || region->geometry() == geometry) return region;
  return refuse(path, "was made with " + geometry_difference(region->geometry(), geometry) +
                          ". Start with the former figures, or stop all that use it and remove the "
                          "file (limits then begin anew)");
}

std::expected<SharedRegion, std::string> SharedRegion::open_existing(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.number() < 0) return refuse_errno(path, "cannot be opened", errno);
  const auto layout = examine(file.number(), path);
  if (!layout) return std::unexpected(layout.error());
  auto region = map(file.number(), path, *layout);
  if (region) file.release();
  return region;
}

std::expected<SharedRegion, std::string> SharedRegion::make_anonymous(
    const RegionGeometry& geometry, WallTime now, std::uint64_t identity) {
  Descriptor file(::memfd_create("headrace-region", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.number() < 0) return refuse_errno(kAnonymousName, "cannot be made", errno);
  auto region = make(file.number(), kAnonymousName, geometry, now, identity);
  if (!region) return region;
  // Nobody who is handed the descriptor can cut the memory off under the others.
  ::fcntl(file.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  file.release();
  return region;
}

std::expected<SharedRegion, std::string> SharedRegion::make(int descriptor, const std::string& name,
                                                            const RegionGeometry& geometry,
                                                            WallTime now, std::uint64_t identity) {
  const auto layout = RegionLayout::plan(geometry);
  if (!layout) return refuse(name, layout.error());
  const std::uint64_t bytes = layout->region_bytes();
  if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    return refuse_errno(name, "cannot be made", errno);
  }
  // All but the accounting of incarnations, which is taken as they are claimed.
  std::uint64_t from = 0;
  for (std::uint32_t number = 0; number <= geometry.incarnations; ++number) {
    const RegionArea left_out = number < geometry.incarnations
                                    ? layout->accounting_area(number)
                                    : RegionArea{.offset = bytes, .bytes = 0};
    if (auto taken = take_memory(descriptor, {.offset = from, .bytes = left_out.offset - from});
        !taken) {
      return refuse(name, taken.error());
    }
    from = left_out.offset + left_out.bytes;
  }
  auto region = map(descriptor, name, *layout);
  if (!region) return region;
  RegionDescription description{.magic = kRegionMagic,
                                .layout_version = kRegionLayoutVersion,
                                .header_bytes = sizeof(RegionHeader),
                                .region_bytes = bytes,
                                .geometry = geometry,
                                .created_unix_nanos = now.unix_nanos,
                                .identity = identity,
                                .checksum = 0};
  description.checksum = checksum_of(description);
  region->header().description = description;
  return region;
}

std::expected<RegionLayout, std::string> SharedRegion::examine(int descriptor,
                                                               const std::string& name) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return refuse_errno(name, "cannot be examined", errno);
  if (!S_ISREG(status.st_mode)) return refuse(name, "is not a file");
  if (status.st_uid != ::geteuid()) {
    return refuse(name, "belongs to user " + std::to_string(status.st_uid) + ", not to us (" +
                            std::to_string(::geteuid()) + ")");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(name, "may be written by others: chmod 600 it if it is ours");
  }
  RegionDescription header{};
  const ssize_t got = ::pread(descriptor, &header, sizeof(header), 0);
  if (got < 0) return refuse_errno(name, "cannot be read", errno);
  if (got < static_cast<ssize_t>(sizeof(header)) || header.magic != kRegionMagic) {
    return refuse(name, "is no shared region of headrace");
  }
  if (header.layout_version != kRegionLayoutVersion) {
    const bool older = header.layout_version < kRegionLayoutVersion;
    return refuse(name, std::string("has the layout of ") + (older ? "an older" : "a newer") +
                            " headrace (" + std::to_string(header.layout_version) + ", ours is " +
                            std::to_string(kRegionLayoutVersion) +
                            "): run that version, or stop all that use it and remove the file");
  }
  if (header.checksum != checksum_of(header)) {
    return refuse(name, "its header is damaged: stop all that use it and remove the file");
  }
  const auto layout = RegionLayout::plan(header.geometry);
  if (!layout) return refuse(name, layout.error());
  if (header.header_bytes != sizeof(RegionHeader) ||
      header.region_bytes != layout->region_bytes()) {
    return refuse(name, "its header contradicts itself: stop all that use it and remove the file");
  }
  if (static_cast<std::uint64_t>(status.st_size) != layout->region_bytes()) {
    return refuse(name, "is " + std::to_string(status.st_size) + " bytes long instead of " +
                            std::to_string(layout->region_bytes()) +
                            ": stop all that use it and remove the file");
  }
  return layout;
}

std::expected<SharedRegion, std::string> SharedRegion::map(int descriptor, const std::string& name,
                                                           const RegionLayout& layout) {
  void* memory =
      ::mmap(nullptr, layout.region_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return refuse_errno(name, "cannot be mapped", errno);
  for (const RegionArea& area : {layout.limit_entries(), layout.limit_step_blocks(),
                                 layout.config_bank(0), layout.config_bank(1)}) {
    prefer_huge_pages(static_cast<std::byte*>(memory) + area.offset, area.bytes);
  }
  return SharedRegion(descriptor, static_cast<std::byte*>(memory), layout);
}

SharedRegion::SharedRegion(SharedRegion&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      layout_(other.layout_),
      incarnations_held_(std::exchange(other.incarnations_held_, 0)) {}

SharedRegion& SharedRegion::operator=(SharedRegion&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(memory_, other.memory_);
  std::swap(layout_, other.layout_);
  std::swap(incarnations_held_, other.incarnations_held_);
  return *this;
}

SharedRegion::~SharedRegion() {
  if (memory_ != nullptr) ::munmap(memory_, layout_.region_bytes());
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<void, std::string> SharedRegion::take_accounting(std::uint32_t incarnation) {
  give_back_accounting(incarnation);
  return take_memory(descriptor_, layout_.accounting_area(incarnation));
}

void SharedRegion::give_back_accounting(std::uint32_t incarnation) {
  const RegionArea area = layout_.accounting_area(incarnation);
  const int punched = ::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                  static_cast<off_t>(area.offset), static_cast<off_t>(area.bytes));
  // Where the file system has no holes its memory stays; zero it must be all the same.
  if (punched != 0) std::memset(memory_ + area.offset, 0, area.bytes);
}

std::span<std::byte> SharedRegion::area(RegionArea area) const {
  return {memory_ + area.offset, area.bytes};
}

RegionHeader& SharedRegion::header() const {
  return *reinterpret_cast<RegionHeader*>(memory_);
}

std::span<IncarnationSlot> SharedRegion::incarnation_slots() const {
  return {reinterpret_cast<IncarnationSlot*>(area(layout_.incarnation_slots()).data()),
          geometry().incarnations};
}

std::span<std::byte> SharedRegion::limit_header() const {
  return area(layout_.limit_header());
}

std::span<std::byte> SharedRegion::limit_marks() const {
  return area(layout_.limit_marks());
}

std::span<std::byte> SharedRegion::limit_entries() const {
  return area(layout_.limit_entries());
}

std::span<std::byte> SharedRegion::limit_step_blocks() const {
  return area(layout_.limit_step_blocks());
}

std::span<TargetSlot> SharedRegion::breaker_slots() const {
  return {reinterpret_cast<TargetSlot*>(area(layout_.breaker_slots()).data()),
          geometry().breaker_slots};
}

std::span<KeySlot> SharedRegion::key_slots() const {
  return {reinterpret_cast<KeySlot*>(area(layout_.key_slots()).data()), geometry().key_slots};
}

LastUseTable SharedRegion::last_uses() const {
  const std::span<std::byte> words = area(layout_.last_uses());
  return LastUseTable{
      {reinterpret_cast<LastUseBucket*>(words.data()), words.size() / sizeof(LastUseBucket)}};
}

ConfigDirectory& SharedRegion::config_directory() const {
  return *reinterpret_cast<ConfigDirectory*>(area(layout_.config_directory()).data());
}

std::span<std::byte> SharedRegion::config_bank(std::uint32_t bank) const {
  HEADRACE_CHECK(bank < 2);
  return area(layout_.config_bank(bank));
}

std::span<std::byte> SharedRegion::delta_log() const {
  return area(layout_.delta_log());
}

Doorbell& SharedRegion::doorbell(std::uint32_t incarnation, std::uint32_t shard) const {
  return *reinterpret_cast<Doorbell*>(
      area(layout_.shard_area(ShardArea::doorbell, incarnation, shard)).data());
}

std::span<std::byte> SharedRegion::shard_area(ShardArea which, std::uint32_t incarnation,
                                              std::uint32_t shard) const {
  return area(layout_.shard_area(which, incarnation, shard));
}

}  // namespace headrace::core
