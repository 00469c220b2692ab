// The identify stage of an exchange: whose request it is.
#include <array>
#include <optional>

#include "net/http/query.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/identify.h"

namespace headrace::net {

using http::FieldId;
using policy::MessageId;
using policy::Reason;

bool Exchange::identify(const http::RequestHead& head) {
  policy::PresentedCredentials presented;
  const auto take = [&](FieldId id, std::optional<std::string_view>& into) {
    if (head.fields.has(id)) into = head.fields.value(id);
  };
  take(FieldId::authorization, presented.authorization);
  take(FieldId::x_api_key, presented.x_api_key);
  take(FieldId::x_goog_api_key, presented.x_goog_api_key);
  take(FieldId::api_key, presented.api_key);
  std::array<char, policy::kCredentialBytesMax> decoded;
  if (head.target.has_query) {
    if (const auto key = http::find_parameter(head.query(), "key")) {
      // What cannot be decoded is no key of ours, but it is one that was presented.
      presented.query_key = http::percent_decode(*key, decoded).value_or("");
    }
  }
  const policy::Identity identity = policy::identify(config_->view(), policy_set_, presented);
  using enum policy::IdentifyStatus;
  switch (identity.status) {
    case known:
      caller_ = identity.caller;
      return true;
    case missing:
      reply(Reason::unauthenticated, MessageId::key_missing);
      return false;
    case malformed:
      reply(Reason::unauthenticated, MessageId::key_malformed);
      return false;
    case conflicting:
      reply(Reason::unauthenticated, MessageId::key_conflicting);
      return false;
    case unknown:
      reply(Reason::unauthenticated, MessageId::key_unknown);
      return false;
  }
  return false;
}

}  // namespace headrace::net
