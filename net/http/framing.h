// How a message says where its body ends (RFC 9112 section 6.3).
#pragma once

#include <cstdint>

namespace headrace::net::http {

enum class Version : std::uint8_t { http_1_0, http_1_1 };

enum class BodyFraming : std::uint8_t {
  none,         // no body follows the head
  length,       // exactly content_length bytes (may be 0)
  chunked,      // see chunked_decoder.h
  until_close,  // answers only: the end of the connection is the end of the body
};

}  // namespace headrace::net::http
