// Reason phrases (RFC 9110 section 15 and the status codes that providers use).
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::net::http {

// "Not Found"; for codes without a registered phrase, the name of their class.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace headrace::net::http
