#include "core/reserved_memory.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/mman.h>

#include "core/check.h"
#include "core/memory_poison.h"

namespace headrace::core {

namespace {

[[noreturn]] void memory_refused(const char* purpose, std::size_t bytes, int error_number) {
  std::fprintf(stderr,
               "headrace: cannot reserve %zu MiB of address space for %s: %s. Plan for less, or "
               "raise the limit (ulimit -v; with vm.overcommit_memory=2, vm.overcommit_ratio)\n",
               bytes >> 20U, purpose, std::strerror(error_number));
  std::_Exit(1);
}

}  // namespace

ReservedMemory::ReservedMemory(const char* purpose, std::size_t bytes)
    : bytes_(round_up(bytes, kPageBytes)) {
  if (bytes_ == 0) return;
  void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) memory_refused(purpose, bytes_, errno);
  data_ = static_cast<std::byte*>(memory);
}

ReservedMemory::ReservedMemory(ReservedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ReservedMemory& ReservedMemory::operator=(ReservedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

ReservedMemory::~ReservedMemory() {
  if (data_ == nullptr) return;
  unpoison_memory(data_, bytes_);  // the addresses will be handed out again for something else
  ::munmap(data_, bytes_);
}

void ReservedMemory::give_back_pages(std::size_t offset, std::size_t bytes) {
  HEADRACE_CHECK(offset <= bytes_);
  HEADRACE_CHECK(bytes <= bytes_ - offset);
  const std::size_t begin = round_up(offset, kPageBytes);
  const std::size_t end = (offset + bytes) / kPageBytes * kPageBytes;
  if (begin < end) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);
}

void prefer_huge_pages(std::byte* memory, std::size_t bytes) {
  if (bytes != 0) ::madvise(memory, bytes, MADV_HUGEPAGE);
}

}  // namespace headrace::core
