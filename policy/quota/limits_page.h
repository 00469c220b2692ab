// What a client learns of its own limits: GET /v1/headrace/limits and /v1/headrace/usage.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/quota/limit_status.h"

namespace headrace::policy {

enum class QuotaPage : std::uint8_t {
  none,
  limits,  // every limit: what it is, what is left, when it is full again
  usage,   // every limit: how much of it was used
};
[[nodiscard]] QuotaPage quota_page_of(std::string_view path);

// A JSON document. Returns its size; it is whole if that is not more than `out` has.
[[nodiscard]] std::size_t write_quota_page(QuotaPage page, std::span<const LimitStatus> limits,
                                           const config::ConfigView& config, std::span<char> out);

}  // namespace headrace::policy
