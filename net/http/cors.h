// What pages in browsers may do here: the Fetch standard's CORS protocol, from the server's side.
//
// A preflight (OPTIONS with Origin and Access-Control-Request-Method) is answered by the gateway
// itself, before anybody is identified: browsers send no key with it. Answers to requests of
// allowed origins say that the page may read them.
//
// Threads: pure. Lifetime: rules borrow the config's texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "net/http/head_writer.h"
#include "net/http/request_head.h"

namespace headrace::net::http {

struct CorsRules {
  std::vector<std::string_view> origins;  // "https://app.acme.test", or "*" alone; none: no CORS
  std::vector<std::string_view> fields;   // allowed besides those of the SDKs
  std::uint64_t max_age_s = 0;
  [[nodiscard]] bool any() const { return !origins.empty(); }
};

// What goes into Access-Control-Allow-Origin: the rule that allows it; empty where none does.
[[nodiscard]] std::string_view allowed_origin(const CorsRules& rules, std::string_view origin);

[[nodiscard]] bool is_preflight(const RequestHead& head);
// The fields of a preflight's answer besides the origin's own.
void write_preflight(const CorsRules& rules, const RequestHead& head, HeadWriter& writer);
// The fields of any answer to an allowed origin.
void write_allowed_origin(std::string_view origin, HeadWriter& writer);

// Providers' own fields of this protocol speak of pages that may call them, not us.
[[nodiscard]] bool is_cors_field(std::string_view name);

}  // namespace headrace::net::http
