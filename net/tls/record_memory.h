// Memory of a record that was put together from several slices, or that the library opened.
//
// Threads: any. Its plaintext may be read kBufferPadding bytes beyond its end, and has
// kBufferHeadroom writable bytes before it, as every buffer's.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/buffer_lease.h"

namespace headrace::net::tls {

struct FreeRecordMemory {
  void operator()(std::byte* memory) const noexcept;
};
using RecordMemory = std::unique_ptr<std::byte[], FreeRecordMemory>;

// Padding is added; what lies in it is zero. Memory that is out ends the process: records are
// small, and the plan counts them.
[[nodiscard]] RecordMemory allocate_record(std::size_t bytes);

// Plaintext that lies in it, as a lease, which frees the memory when it is dropped. There are at
// most as many as connections times what each of them holds back for a slow reader.
[[nodiscard]] core::BufferLease lend(RecordMemory memory, std::span<std::byte> plaintext);

}  // namespace headrace::net::tls
