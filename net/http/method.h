// Request methods (RFC 9110 section 9). Case matters: "get" is some other method.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::net::http {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  trace,
  connect,
  other
};

Method method_of(std::string_view text);
// As it stands in a request line; "OTHER" for `other`.
std::string_view method_text(Method method);

}  // namespace headrace::net::http
