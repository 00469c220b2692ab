#include "net/proxy/presented_credentials.h"

#include <optional>

#include "net/http/query.h"

namespace headrace::net {

using http::FieldId;

policy::PresentedCredentials presented_credentials(
    const http::RequestHead& head, std::span<char, policy::kCredentialBytesMax> decoded) {
  policy::PresentedCredentials presented;
  const auto take = [&](FieldId id, std::optional<std::string_view>& into) {
    if (head.fields.has(id)) into = head.fields.value(id);
  };
  take(FieldId::x_headrace_key, presented.gateway_key);
  take(FieldId::authorization, presented.authorization);
  take(FieldId::x_api_key, presented.x_api_key);
  take(FieldId::x_goog_api_key, presented.x_goog_api_key);
  take(FieldId::api_key, presented.api_key);
  if (head.target.has_query) {
    if (const auto key = http::find_parameter(head.query(), "key")) {
      // What cannot be decoded is no key of ours, but it is one that was presented.
      presented.query_key = http::percent_decode(*key, decoded).value_or("");
    }
  }
  return presented;
}

}  // namespace headrace::net
