#include "core/shared_region.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config_banks.h"
#include "core/hash.h"
#include "core/random.h"
#include "core/reserved_memory.h"
#include "tests/core/small_region.h"
#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

using testing::HasSubstr;

class SharedRegionFile : public testing::Test {
 protected:
  std::expected<SharedRegion, std::string> open() {
    return SharedRegion::open(path, geometry, kNow, 99);
  }
  // Makes a region and closes it.
  void make() { ASSERT_TRUE(open()); }
  std::string refusal() {
    auto region = open();
    return region ? "(opened)" : region.error();
  }
  void overwrite(std::size_t offset, const void* bytes, std::size_t count) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::pwrite(file, bytes, count, static_cast<off_t>(offset)),
              static_cast<ssize_t>(count));
    ::close(file);
  }
  RegionDescription read_description() {
    RegionDescription description{};
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::pread(file, &description, sizeof(description), 0),
              static_cast<ssize_t>(sizeof(description)));
    ::close(file);
    return description;
  }
  // With the right checksum, as a foreign maker would write it.
  void write_description(RegionDescription description) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&description);
    description.checksum = hash64({bytes, offsetof(RegionDescription, checksum)});
    overwrite(0, &description, sizeof(description));
  }

  TemporaryFolder folder{"/dev/shm"};
  std::string path = folder.file("region");
  RegionGeometry geometry = small_geometry();
};

TEST(RegionLayout, AreasLieOnPagesInOrderWithoutOverlap) {
  RegionGeometry geometry = small_geometry();
  geometry.shards = 3;
  const auto layout = RegionLayout::plan(geometry);
  ASSERT_TRUE(layout);
  std::vector<RegionArea> areas{{.offset = 0, .bytes = sizeof(RegionHeader)},
                                layout->incarnation_slots(),
                                layout->limit_header(),
                                layout->limit_marks(),
                                layout->limit_entries(),
                                layout->limit_step_blocks(),
                                layout->breaker_slots(),
                                layout->key_slots(),
                                layout->last_uses(),
                                layout->config_directory(),
                                layout->config_bank(0),
                                layout->config_bank(1),
                                layout->delta_log()};
  for (std::uint32_t incarnation = 0; incarnation < geometry.incarnations; ++incarnation) {
    for (int which = 0; which < static_cast<int>(ShardArea::count); ++which) {
      for (std::uint32_t shard = 0; shard < geometry.shards; ++shard) {
        areas.push_back(layout->shard_area(static_cast<ShardArea>(which), incarnation, shard));
      }
    }
  }
  std::uint64_t end = 0;
  for (const RegionArea& area : areas) {
    EXPECT_GE(area.offset, end);
    EXPECT_EQ(area.offset % 64, 0U);
    EXPECT_GT(area.bytes, 0U);
    end = area.offset + area.bytes;
  }
  EXPECT_LE(end, layout->region_bytes());
  EXPECT_LT(layout->region_bytes() - end, kPageBytes);
}

TEST(RegionLayout, RefusesEveryFigureBeyondItsBounds) {
  const auto refused = [](auto change) {
    RegionGeometry geometry = small_geometry();
    change(geometry);
    return !RegionLayout::plan(geometry);
  };
  EXPECT_FALSE(refused([](RegionGeometry&) {}));
  EXPECT_FALSE(refused([](RegionGeometry& g) { g.shards = 256; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.shards = 257; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.shards = 0; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.incarnations = 2; }));
  EXPECT_FALSE(refused([](RegionGeometry& g) { g.incarnations = 4; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.incarnations = 5; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.limit_slots = UINT32_MAX; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.breaker_slots = 0; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.key_slots = 0; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.in_flight_entries = UINT32_MAX; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.record_ring_bytes = 3; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.config_bank_bytes = UINT64_MAX; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.delta_log_bytes = UINT64_MAX - 4095; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.refusal_bytes = 0; }));
  EXPECT_TRUE(refused([](RegionGeometry& g) { g.record_ring_bytes = UINT64_MAX / 2; }));
  // Each within its bounds, all together beyond any machine.
  EXPECT_TRUE(refused([](RegionGeometry& g) {
    g.shards = 256;
    g.record_ring_bytes = std::uint64_t{1} << 34U;
  }));
}

TEST_F(SharedRegionFile, WhatOneWritesAnotherReads) {
  auto one = open();
  ASSERT_TRUE(one) << one.error();
  auto two = open();
  ASSERT_TRUE(two) << two.error();
  auto three = SharedRegion::open_existing(path);
  ASSERT_TRUE(three) << three.error();
  EXPECT_EQ(one->identity(), 99U);
  EXPECT_EQ(three->geometry(), geometry);

  one->breaker_slots()[7].word.store(5);
  EXPECT_EQ(two->breaker_slots()[7].word.load(), 5U);
  one->breaker_slots()[0].word.store(6);
  EXPECT_EQ(three->breaker_slots()[0].word.load(), 6U);
  one->doorbell(2, 1).config_generation_seen.store(7);
  EXPECT_EQ(two->doorbell(2, 1).config_generation_seen.load(), 7U);
  EXPECT_EQ(two->doorbell(2, 0).config_generation_seen.load(), 0U);
  std::ranges::fill(one->shard_area(ShardArea::records, 2, 1), std::byte{9});
  EXPECT_EQ(two->shard_area(ShardArea::records, 2, 1).back(), std::byte{9});
}

TEST_F(SharedRegionFile, OutlivesTheProcessesThatUseIt) {
  {
    auto region = open();
    ASSERT_TRUE(region);
    region->breaker_slots()[3].word.store(42);
    region->last_uses().note(77, 1'800'000'000);
  }
  auto again = SharedRegion::open(path, geometry, WallTime{1}, 12345);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->breaker_slots()[3].word.load(), 42U);
  EXPECT_EQ(again->last_uses().last_use(77), 1'800'000'000U);
  EXPECT_EQ(again->identity(), 99U) << "made once";
}

// How much of a file this process has mapped.
std::size_t mapped_bytes_of(ino_t file) {
  std::ifstream maps("/proc/self/maps");
  std::size_t mapped = 0;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    std::string permissions, offset, device;
    ino_t inode = 0;
    fields >> std::hex >> begin >> dash >> end >> permissions >> offset >> device >> std::dec >>
        inode;
    if (inode == file) mapped += end - begin;
  }
  return mapped;
}

TEST_F(SharedRegionFile, AllItsMemoryIsTakenAtTheStart) {
  auto region = open();
  ASSERT_TRUE(region);
  struct stat status{};
  ASSERT_EQ(::fstat(region->descriptor(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), region->layout().region_bytes());
  // But for the accounting of incarnations, which is taken when they are claimed.
  std::uint64_t taken = region->layout().region_bytes();
  for (std::uint32_t i = 0; i < geometry.incarnations; ++i)
    taken -= region->layout().accounting_area(i).bytes;
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, taken);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(mapped_bytes_of(status.st_ino), region->layout().region_bytes());
}

TEST_F(SharedRegionFile, RefusesAnotherGeometryAndSaysWhichFigure) {
  make();
  geometry.shards = 4;
  EXPECT_THAT(refusal(), HasSubstr("shards 2 instead of 4"));
  EXPECT_THAT(refusal(), HasSubstr("remove the file"));
}

TEST_F(SharedRegionFile, RefusesForeignFiles) {
  for (const std::string& content :
       {std::string(), std::string("short"), std::string(8192, 'x'), std::string(8192, '\0')}) {
    std::ofstream(path, std::ios::trunc) << content;
    ::chmod(path.c_str(), 0600);
    EXPECT_THAT(refusal(), HasSubstr("is no shared region"));
    EXPECT_FALSE(SharedRegion::open_existing(path));
    std::ifstream file(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator(file), {}), content) << "left as it was";
  }
}

TEST_F(SharedRegionFile, RefusesOlderAndNewerLayouts) {
  make();
  RegionDescription description = read_description();
  description.layout_version = kRegionLayoutVersion + 1;
  write_description(description);
  EXPECT_THAT(refusal(), HasSubstr("a newer headrace"));
  description.layout_version = kRegionLayoutVersion - 1;
  write_description(description);
  EXPECT_THAT(refusal(), HasSubstr("an older headrace"));
}

TEST_F(SharedRegionFile, RefusesAFileCutOrLengthened) {
  make();
  const auto bytes = static_cast<off_t>(RegionLayout::plan(geometry)->region_bytes());
  for (const off_t length : {bytes - 1, bytes + 1, static_cast<off_t>(kPageBytes)}) {
    ASSERT_EQ(::truncate(path.c_str(), length), 0);
    EXPECT_THAT(refusal(), HasSubstr("bytes long instead of"));
  }
  ASSERT_EQ(::truncate(path.c_str(), sizeof(RegionDescription) - 1), 0);
  EXPECT_THAT(refusal(), HasSubstr("is no shared region"));
}

TEST_F(SharedRegionFile, FindsEveryDamagedByteOfTheDescription) {
  make();
  const RegionDescription good = read_description();
  for (std::size_t at = 0; at < sizeof(good); ++at) {
    RegionDescription bad = good;
    reinterpret_cast<std::byte*>(&bad)[at] ^= std::byte{0x10};
    overwrite(0, &bad, sizeof(bad));
    EXPECT_NE(refusal(), "(opened)") << "byte " << at;
  }
  overwrite(0, &good, sizeof(good));
  EXPECT_EQ(refusal(), "(opened)");
}

TEST_F(SharedRegionFile, FiguresThatContradictEachOtherAreNotFollowed) {
  make();
  const RegionDescription good = read_description();
  RegionDescription bad = good;
  bad.region_bytes *= 2;
  write_description(bad);
  EXPECT_THAT(refusal(), HasSubstr("contradicts itself"));
  bad = good;
  bad.header_bytes = 1;
  write_description(bad);
  EXPECT_THAT(refusal(), HasSubstr("contradicts itself"));
  bad = good;
  bad.geometry.record_ring_bytes = UINT64_MAX - 100;
  write_description(bad);
  EXPECT_THAT(refusal(), HasSubstr("record_ring_bytes"));
}

TEST_F(SharedRegionFile, RandomDamageIsRefusedOrHarmless) {
  make();
  std::vector<char> good(RegionLayout::plan(geometry)->region_bytes());
  std::ifstream(path, std::ios::binary)
      .read(good.data(), static_cast<std::streamsize>(good.size()));
  Random random(23);
  for (int round = 0; round < 200; ++round) {
    std::vector<char> bad = good;
    const std::size_t count = 1 + random.below(4096);
    // Mostly where it hurts most.
    const std::size_t offset =
        random.one_in(4) ? random.below(bad.size() - count) : random.below(2 * kPageBytes);
    for (std::size_t i = 0; i < count; ++i)
      bad[offset + i] = static_cast<char>(random.next());
    overwrite(0, bad.data(), bad.size());
    auto region = open();
    if (!region) continue;
    EXPECT_EQ(region->geometry(), geometry);
    ConfigBanks banks(*region);
    if (const auto current = banks.current()) {
      EXPECT_LE(current->base.size(), geometry.config_bank_bytes);
    }
  }
}

TEST_F(SharedRegionFile, RefusesWhatOthersMayWriteAndLinks) {
  make();
  ASSERT_EQ(::chmod(path.c_str(), 0620), 0);
  EXPECT_THAT(refusal(), HasSubstr("may be written by others"));
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const std::string link = folder.file("link");
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  EXPECT_FALSE(SharedRegion::open(link, geometry, kNow, 1));
  EXPECT_FALSE(SharedRegion::open_existing(link));
  EXPECT_FALSE(SharedRegion::open(folder.path(), geometry, kNow, 1)) << "a folder";
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
    EXPECT_THAT(refusal(), HasSubstr("belongs to user 12345"));
  }
}

TEST_F(SharedRegionFile, SaysWhereItCannotBeMade) {
  path = folder.file("no/such/folder/region");
  EXPECT_THAT(refusal(), HasSubstr("cannot be made"));
  path = "/proc/region";
  EXPECT_THAT(refusal(), HasSubstr("cannot be made"));
}

TEST_F(SharedRegionFile, AGeometryOutOfBoundsLeavesNoFileBehind) {
  geometry.shards = 0;
  EXPECT_THAT(refusal(), HasSubstr("shards is 0"));
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

// Exit codes of the process in its own mount namespace.
constexpr int kRefusedWell = 0;
constexpr int kNotAllowed = 2;

int open_on_full_tmpfs(const std::string& mount_point, const RegionGeometry& geometry) {
  const int spaces = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(spaces) != 0) return kNotAllowed;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNotAllowed;
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=16k") != 0) return kNotAllowed;
  const std::string path = mount_point + "/region";
  const auto region = SharedRegion::open(path, geometry, kNow, 1);
  if (region) return 3;
  if (region.error().find("MiB of memory: No space left on device") == std::string::npos) return 4;
  return ::access(path.c_str(), F_OK) == 0 ? 5 : kRefusedWell;
}

TEST_F(SharedRegionFile, AFullFileSystemIsAnErrorAtTheStart) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(open_on_full_tmpfs(folder.path(), geometry));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == kNotAllowed) GTEST_SKIP() << "no mount namespace to be had here";
  EXPECT_EQ(WEXITSTATUS(status), kRefusedWell);
}

TEST(SharedRegionAnonymous, CannotBeCutByWhoeverIsHandedIt) {
  auto region = SharedRegion::make_anonymous(small_geometry(), kNow, 5);
  ASSERT_TRUE(region) << region.error();
  EXPECT_NE(::ftruncate(region->descriptor(), 0), 0);
  region->breaker_slots()[0].word.store(1);
}

TEST(SharedRegionAnonymous, Moves) {
  auto made = SharedRegion::make_anonymous(small_geometry(), kNow, 5);
  ASSERT_TRUE(made);
  SharedRegion region = std::move(*made);
  region.breaker_slots()[0].word.store(1);
  SharedRegion other = *SharedRegion::make_anonymous(small_geometry(), kNow, 6);
  other = std::move(region);
  EXPECT_EQ(other.identity(), 5U);
  EXPECT_EQ(other.breaker_slots()[0].word.load(), 1U);
}

}  // namespace
}  // namespace headrace::core
