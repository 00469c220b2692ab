// For tests that change a compiled base by its rows, as somebody could who has the file.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "core/base_blob.h"
#include "core/hash.h"
#include "policy/config/base_layout.h"

namespace headrace::policy::config {

struct BaseRows {
  explicit BaseRows(std::vector<std::byte>& base) : blob(core::BlobView::open(base).value()) {}
  template <class Row>
  Row& row(TableKind kind, std::size_t index = 0) const {
    const auto rows = blob.table<Row>(static_cast<std::uint32_t>(kind), kTableVersion).value();
    return const_cast<Row&>(rows[index]);
  }
  core::BlobView blob;
};

// The checksum is no signature: whoever changes a base makes it fit.
inline void sign_base(std::vector<std::byte>& base) {
  const std::uint64_t sum =
      core::hash64(std::span<const std::byte>(base).subspan(offsetof(core::BlobHeader, bytes)));
  std::memcpy(base.data() + offsetof(core::BlobHeader, checksum), &sum, sizeof sum);
}

}  // namespace headrace::policy::config
