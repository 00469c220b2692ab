// Why a request body was refused: always the sender's fault, always 400, with the place.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/messages/message_id.h"

namespace headrace::policy {

enum class BodyErrorKind : std::uint8_t {
  empty,          // no bytes, or white space only
  incomplete,     // the text ends inside the JSON value
  syntax,         // not JSON (RFC 8259)
  trailing,       // more after the value
  invalid_utf8,   //
  too_deep,       // nesting beyond BodyLimits::depth_max
  too_large,      // beyond BodyLimits::body_bytes_max
  not_an_object,  // JSON, but not an object
  duplicate_key,  // a key that decides something stands twice, or under two of its names
  ambiguous_key,  // a key that differs from such a key in letter case only
  wrong_type,     // a fact of another JSON type than the dialect's
  out_of_range,   // a count that is negative, fractional or beyond 2^53, or a name too long
};

struct BodyError {
  BodyErrorKind kind = BodyErrorKind::syntax;
  std::uint32_t offset = 0;                      // byte at which it was noticed, from 0
  MessageId message = MessageId::body_not_json;  // with `field` and `offset` in its places
  std::string_view field;  // static: the field concerned, as `stream_options.include_usage`
};

}  // namespace headrace::policy
