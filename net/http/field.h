// Header fields: the ones that a gateway treats specially have an id, all others are `other`.
//
// Lifetime:   a Field borrows the bytes that it was parsed from.
// Invariants: name is a token and value holds no control characters but HTAB, without white space
//             at its ends: the parsers see to it, so a parsed field may be written out unchecked.
// RFC 9110 section 5; names are compared without regard to case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace headrace::net::http {

enum class FieldId : std::uint8_t {
  other,
  accept,
  accept_encoding,
  accept_language,
  alt_svc,
  api_key,
  authorization,
  cache_control,
  connection,
  content_encoding,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  location,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  retry_after,
  retry_after_ms,
  server,
  set_cookie,
  strict_transport_security,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  www_authenticate,
  x_api_key,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_goog_api_key,
  x_headrace_key,
  x_real_ip,
  x_request_id,
  x_should_retry,
};
inline constexpr std::size_t kFieldIds = 46;

struct Field {
  FieldId id = FieldId::other;
  bool named_by_connection = false;  // a Connection option of the same head names this field
  std::string_view name;             // as received
  std::string_view value;
};

// `other` for everything not listed above.
FieldId field_id(std::string_view name);
// The customary spelling ("Content-Length"), for writing; empty for `other`.
std::string_view field_name(FieldId id);

// A set of ids, as one word.
class FieldSet {
 public:
  constexpr FieldSet() = default;
  constexpr FieldSet(std::initializer_list<FieldId> ids) {
    for (const FieldId id : ids)
      insert(id);
  }
  constexpr void insert(FieldId id) { bits_ |= bit(id); }
  [[nodiscard]] constexpr bool contains(FieldId id) const { return (bits_ & bit(id)) != 0; }
  constexpr void clear() { bits_ = 0; }
  friend constexpr FieldSet operator|(FieldSet a, FieldSet b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr FieldSet operator-(FieldSet a, FieldSet b) {
    a.bits_ &= ~b.bits_;
    return a;
  }

 private:
  static constexpr std::uint64_t bit(FieldId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
  }
  std::uint64_t bits_ = 0;
};
static_assert(kFieldIds <= 64, "a FieldSet is one word");

}  // namespace headrace::net::http
