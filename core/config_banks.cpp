#include "core/config_banks.h"

#include "core/check.h"
#include "core/hash.h"

namespace headrace::core {

namespace {

std::uint32_t bank_of(std::uint64_t generation) {
  return generation % 2;
}

}  // namespace

std::uint64_t ConfigBanks::generation() const {
  return region_.config_directory().generation.load(std::memory_order_acquire);
}

std::optional<ConfigBanks::Current> ConfigBanks::current() const {
  const std::uint64_t published = generation();
  if (published == 0) return std::nullopt;
  const ConfigDirectory::Bank& bank = region_.config_directory().banks[bank_of(published)];
  const std::span<const std::byte> memory = region_.config_bank(bank_of(published));
  const std::uint64_t bytes = bank.bytes.load(std::memory_order_relaxed);
  if (bytes > memory.size()) return std::nullopt;
  const std::span<const std::byte> base = memory.first(bytes);
  if (hash64(base, published) != bank.checksum.load(std::memory_order_relaxed)) return std::nullopt;
  return Current{.generation = published, .base = base};
}

std::span<std::byte> ConfigBanks::next_bank() {
  return region_.config_bank(bank_of(generation() + 1));
}

std::uint64_t ConfigBanks::publish(std::size_t bytes) {
  const std::uint64_t next = generation() + 1;
  const std::span<const std::byte> memory = next_bank();
  HEADRACE_CHECK(bytes <= memory.size());
  ConfigDirectory& directory = region_.config_directory();
  ConfigDirectory::Bank& bank = directory.banks[bank_of(next)];
  bank.bytes.store(bytes, std::memory_order_relaxed);
  bank.checksum.store(hash64(memory.first(bytes), next), std::memory_order_relaxed);
  directory.generation.store(next, std::memory_order_release);
  return next;
}

}  // namespace headrace::core
