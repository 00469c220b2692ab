#include "net/locked_memory.h"

#include <utility>

#include <openssl/mem.h>
#include <sys/mman.h>

#include "core/check.h"

namespace headrace::net {

LockedMemory::LockedMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  HEADRACE_CHECK(memory != MAP_FAILED, "no memory for secrets");
  data_ = static_cast<char*>(memory);
  locked_ = mlock(memory, bytes) == 0;
  madvise(memory, bytes, MADV_DONTDUMP);
}

LockedMemory::LockedMemory(LockedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      locked_(std::exchange(other.locked_, false)) {}

LockedMemory& LockedMemory::operator=(LockedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(locked_, other.locked_);
  return *this;
}

LockedMemory::~LockedMemory() {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, bytes_);
  munmap(data_, bytes_);
}

}  // namespace headrace::net
