#include "net/tls/record_memory.h"

#include <cstdlib>
#include <cstring>

#include "core/buffer_lease.h"
#include "core/check.h"

namespace headrace::net::tls {

void FreeRecordMemory::operator()(std::byte* memory) const noexcept {
  std::free(memory);
}

RecordMemory allocate_record(std::size_t bytes) {
  auto* memory = static_cast<std::byte*>(std::malloc(bytes + core::kBufferPadding));
  HEADRACE_CHECK(memory != nullptr, "no memory for a TLS record");
  std::memset(memory + bytes, 0, core::kBufferPadding);
  return RecordMemory(memory);
}

}  // namespace headrace::net::tls
