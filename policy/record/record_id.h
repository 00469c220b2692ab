// What tells one usage record from every other one, ever: the region (random, made anew with it),
// the incarnation of a data plane in it, the shard, and a number that counts that shard's requests.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace headrace::policy {

// Whose ring a record went through. The positions in it grow; they are those of one source.
struct RecordSource {
  std::uint64_t region = 0;
  std::uint32_t epoch = 0;
  std::uint32_t shard = 0;
  friend auto operator<=>(const RecordSource&, const RecordSource&) = default;
};

struct RecordId {
  RecordSource source;
  std::uint64_t sequence = 0;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

// 16, 8, 4 and 16 hexadecimal digits: 00c0ffee00c0ffee-00000001-0000-000000000000002a
[[nodiscard]] std::string to_text(const RecordId& id);

}  // namespace headrace::policy
