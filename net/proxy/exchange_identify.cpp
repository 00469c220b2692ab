// The identify stage of an exchange: whose request it is.
#include <array>
#include <optional>

#include "net/http/query.h"
#include "net/proxy/cut_text.h"
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
      if (caller_.user != nullptr) note_user(config_->view().text(caller_.user->name));
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
    case token:
      return identify_by_token(identity);
    case unknown:
      reply(Reason::unauthenticated, MessageId::key_unknown);
      return false;
  }
  return false;
}

bool Exchange::identify_by_token(const policy::Identity& identity) {
  const TokenDesk::Shown shown =
      config_->tokens().show(identity.token, identity.digest, wall_seconds(), shard_->now());
  switch (shown.answer) {
    case TokenDesk::Answer::good:
      caller_ = policy::caller_of(config_->view(), shown.token);
      note_user(shown.token.shown_subject());
      return true;
    case TokenDesk::Answer::refused:
      rule_ = policy::row(shown.fault).name;
      reply(Reason::unauthenticated, policy::row(shown.fault).message);
      return false;
    case TokenDesk::Answer::too_busy:
      reply(Reason::overloaded, MessageId::too_many_requests_held);
      return false;
  }
  return false;
}

void Exchange::note_user(std::string_view name) {
  user_bytes_ = copy_cut(name, user_);
}

std::uint64_t Exchange::wall_seconds() const {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(shard_->io->wall_now().unix_nanos / kNanosPerSecond);
}

}  // namespace headrace::net
