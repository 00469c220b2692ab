#include "net/http/forwarded.h"

#include <algorithm>

#include "net/http/text.h"

namespace headrace::net::http {
namespace {

bool is_token_char(char c) {
  return is(CharClass::token, c);
}

class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (take(' ') || take('\t')) {
    }
  }
  [[nodiscard]] bool at_token() const { return !done() && is_token_char(text_[at_]); }
  bool token() {
    const std::size_t begin = at_;
    while (!done() && is_token_char(text_[at_]))
      ++at_;
    return at_ > begin;
  }
  // RFC 9110 section 5.6.4.
  bool quoted() {
    if (!take('"')) return false;
    while (!done()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\' && !done()) {
        ++at_;
      } else if (c == '\\') {
        return false;
      }
    }
    return false;
  }
  // forwarded-pair = token "=" ( token / quoted-string )
  bool pair() { return token() && take('=') && (token() || quoted()); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_forwarded(std::string_view value) {
  Scan scan(value);
  bool any = false;
  for (;;) {
    scan.space();
    // An element may lack pairs, and a list elements (RFC 9110 section 5.6.1).
    for (;;) {
      if (scan.at_token()) {
        if (!scan.pair()) return false;
        any = true;
      }
      if (!scan.take(';')) break;
    }
    scan.space();
    if (scan.done()) return any;
    if (!scan.take(',')) return false;
  }
}

void write_forwarded(std::string_view chain, const ForwardedElement& element, HeadWriter& writer) {
  const bool v6 = element.client.contains(':');
  const std::string_view open = element.client.empty() ? "for=unknown" : v6 ? "for=\"[" : "for=";
  const bool plain_host = std::ranges::all_of(element.host, is_token_char);
  const std::string_view quote = plain_host ? "" : "\"";
  writer.field(
      "Forwarded",
      {chain, chain.empty() ? "" : ", ", open, element.client, v6 ? "]\"" : "",
       element.host.empty() ? "" : ";host=", element.host.empty() ? "" : quote, element.host,
       element.host.empty() ? "" : quote, element.tls ? ";proto=https" : ";proto=http"});
}

}  // namespace headrace::net::http
