// The identify stage of an exchange: whose request it is.
#include <array>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/fleet.h"
#include "net/proxy/exchange.h"
#include "net/proxy/presented_credentials.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/identify.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;

bool Exchange::identify(const http::RequestHead& head) {
  std::array<char, policy::kCredentialBytesMax> decoded;
  const policy::PresentedCredentials presented = presented_credentials(head, decoded);
  if (!downstream_->client_names().empty() &&
      policy::choose_credential(presented).status == policy::IdentifyStatus::missing) {
    if (identify_by_certificate()) return true;
  }
  const policy::Identity identity = policy::identify(config_->view(), policy_set_, presented);
  brings_own_key_ = policy::choose_own_key(presented).status != policy::IdentifyStatus::missing;
  using enum policy::IdentifyStatus;
  switch (identity.status) {
    case known:
      caller_ = identity.caller;
      if (shard_->limits) policy::prefetch_limits(config_->view(), caller_, *shard_->limits);
      decide(policy::Stage::identify, policy::Decided::passed,
             caller_.key != nullptr ? "key" : "anonymous");
      if (caller_.user != nullptr) note_user(config_->view().text(caller_.user->name));
      return true;
    case missing:
      reply(Reason::unauthenticated, downstream_->client_names().empty()
                                         ? MessageId::key_missing
                                         : MessageId::certificate_unknown);
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

// A certificate stands for the key that the first of its names leads to.
bool Exchange::identify_by_certificate() {
  const policy::config::ConfigView& view = config_->view();
  for (const std::string& name : downstream_->client_names()) {
    const policy::config::ApiKey* key = view.find_certificate_key(name);
    if (core::planted(core::PlantedBug::certificate_of_anybody)) key = &view.keys().front();
    if (key == nullptr) continue;
    caller_ = view.scopes().caller(*key);
    if (caller_.user != nullptr) note_user(view.text(caller_.user->name));
    decide(policy::Stage::identify, policy::Decided::passed, "certificate");
    return true;
  }
  return false;
}

// By the guard's word: whose key is refused has not used it.
void Exchange::note_key_use() {
  if (caller_.key == nullptr || shard_->fleet == nullptr) return;
  shard_->fleet->last_uses.note(caller_.key->identity, wall_seconds());
}

bool Exchange::identify_by_token(const policy::Identity& identity) {
  const TokenDesk::Shown shown =
      config_->tokens().show(identity.token, identity.digest, wall_seconds(), shard_->now());
  switch (shown.answer) {
    case TokenDesk::Answer::good:
      caller_ = policy::caller_of(config_->view(), shown.token);
      note_user(shown.token.shown_subject());
      decide(policy::Stage::identify, policy::Decided::passed, "token",
             config_->view().text(config_->view().tokens().issuers()[shown.token.issuer].name));
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

// A key of the client's own goes to the one provider that was chosen first, and to no other one
// that takes its place.
bool Exchange::settle_own_key() {
  const policy::config::OwnKeys taken = config_->view().providers()[call_.provider].own_keys;
  if (!brings_own_key_) {
    if (taken != policy::config::OwnKeys::required) return true;
    reply(Reason::unauthenticated, MessageId::provider_key_missing);
    return false;
  }
  if (own_key_provider_ == UINT32_MAX) own_key_provider_ = call_.provider;
  if (taken == policy::config::OwnKeys::off || own_key_provider_ != call_.provider) {
    reply(Reason::unauthenticated, MessageId::key_conflicting);
    return false;
  }
  std::array<char, policy::kCredentialBytesMax> decoded;
  const policy::ChosenCredential own =
      policy::choose_own_key(presented_credentials(request_head(), decoded));
  if (own.status == policy::IdentifyStatus::known) return true;
  const bool malformed = own.status == policy::IdentifyStatus::malformed;
  reply(Reason::unauthenticated, malformed ? MessageId::key_malformed : MessageId::key_conflicting);
  return false;
}

}  // namespace headrace::net
