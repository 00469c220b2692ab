#include "net/tls/record_memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/check.h"

namespace headrace::net::tls {
namespace {

// Stands before the headroom of its own memory, and takes that back.
class LentRecord final : public core::BufferSource {
 public:
  void give_back(std::uint32_t /*index*/) noexcept override { std::free(this); }
};

constexpr std::size_t kSourceBytes = 64;
constexpr std::size_t kBytesBefore = kSourceBytes + core::kBufferHeadroom;
static_assert(sizeof(LentRecord) <= kSourceBytes);

}  // namespace

void FreeRecordMemory::operator()(std::byte* memory) const noexcept {
  std::free(memory - kBytesBefore);
}

RecordMemory allocate_record(std::size_t bytes) {
  auto* memory = static_cast<std::byte*>(std::malloc(kBytesBefore + bytes + core::kBufferPadding));
  HEADRACE_CHECK(memory != nullptr, "no memory for a TLS record");
  std::memset(memory + kBytesBefore + bytes, 0, core::kBufferPadding);
  return RecordMemory(memory + kBytesBefore);
}

core::BufferLease lend(RecordMemory memory, std::span<std::byte> plaintext) {
  HEADRACE_CHECK(plaintext.data() >= memory.get());
  auto* source = new (memory.release() - kBytesBefore) LentRecord;
  return {*source, 0, plaintext.data(), plaintext.size()};
}

}  // namespace headrace::net::tls
