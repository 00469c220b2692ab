// Memory of a record that was put together from several slices, or that the library opened.
//
// Threads: any. Its plaintext may be read kBufferPadding bytes beyond its end, as every buffer's.
#pragma once

#include <cstddef>
#include <memory>

namespace headrace::net::tls {

struct FreeRecordMemory {
  void operator()(std::byte* memory) const noexcept;
};
using RecordMemory = std::unique_ptr<std::byte[], FreeRecordMemory>;

// Padding is added; what lies in it is zero. Memory that is out ends the process: records are
// small, and the plan counts them.
[[nodiscard]] RecordMemory allocate_record(std::size_t bytes);

}  // namespace headrace::net::tls
