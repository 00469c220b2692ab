// Permissions and scopes as they are written: "POST /v1/chat/**", "* /v1/files/*", "*"; "chat",
// "embeddings".
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "policy/config/access_layout.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy::config {

inline constexpr std::uint8_t kEveryMethod = 0x7f;

// 0: no method that any rule names.
[[nodiscard]] std::uint8_t method_bit(std::string_view method);
// Of exactly one bit, or `*`.
[[nodiscard]] std::string_view method_text(std::uint8_t methods);

struct PermissionText {
  std::uint8_t methods = 0;
  std::string_view path;  // empty: any
};
// The error completes "the value ...".
[[nodiscard]] std::expected<PermissionText, std::string> parse_permission(std::string_view text);
[[nodiscard]] std::string permission_text(std::uint8_t methods, std::string_view path);

[[nodiscard]] std::optional<EndpointGroup> parse_group(std::string_view text);
[[nodiscard]] std::string_view to_text(EndpointGroup group);
[[nodiscard]] std::optional<SkippedStage> parse_skipped_stage(std::string_view text);
[[nodiscard]] std::string_view to_text(SkippedStage stage);
[[nodiscard]] EndpointGroup group_of(Endpoint endpoint);

}  // namespace headrace::policy::config
