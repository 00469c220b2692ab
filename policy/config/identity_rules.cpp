#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/named_set.h"
#include "policy/token/token_key.h"

namespace headrace::policy::config {
namespace {

class IdentityRules {
 public:
  IdentityRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {}

  void apply() {
    std::size_t networks = 0;
    for (const IpListModel& list : model_.ip_lists) {
      ip_lists_.add(list.name);
      networks += list.networks.size();
    }
    if (networks > kNetworksMax) {
      errors_.add(model_.place_of("ip_lists"), "there are more than 1000000 networks in all",
                  "join neighbours into larger networks");
    }
    for (const ListenerModel& listener : model_.listeners)
      require(listener.ip_allow);
    for (const TenantModel& tenant : model_.tenants)
      require(tenant.ip_allow);
    for (const KeyModel& key : model_.keys)
      require(key.rights.ip_allow);
    for (const PolicySetModel& set : model_.policy_sets)
      require(set.anonymous.rights.ip_allow);
    for (const TokenIssuerModel& issuer : model_.token_issuers)
      judge_issuer(issuer);
    for (const ProviderModel& provider : model_.providers)
      judge_context(provider);
    judge_audit();
  }

 private:
  void require(const std::vector<Text>& lists) {
    for (const Text& name : lists)
      ip_lists_.require(name);
  }

  void judge_issuer(const TokenIssuerModel& issuer) {
    const std::string called = "token issuer " + shown(issuer.name);
    names_.add(issuer.name);
    issuers_.add(issuer.issuer);
    require(issuer.rights.ip_allow);
    if (issuer.keys_file.given() == issuer.secret.given()) {
      errors_.add(issuer.place,
                  called + (issuer.secret.given() ? " has both `keys_file` and `secret`"
                                                  : " has neither `keys_file` nor `secret`"),
                  "give one: the file with its public keys, or what it signs with by HS256");
    }
    const TokenAlgorithm algorithm = issuer.row.algorithm;
    if (issuer.secret.given() && algorithm != TokenAlgorithm::by_key &&
        algorithm != TokenAlgorithm::hs256) {
      errors_.add(issuer.place_of("algorithm"), called + " has a secret for another algorithm",
                  "a secret is for HS256; for others give `keys_file`");
    }
    if (issuer.secret.given() && !issuer.secret.unknown &&
        issuer.secret.value.size() < kTokenSecretBytesMin) {
      errors_.add(issuer.secret.place,
                  fmt::format("the secret of {} is shorter than {} characters", called,
                              kTokenSecretBytesMin),
                  "make a long random one, for instance with `openssl rand -hex 32`");
    }
    if (issuer.tenant.given() == issuer.tenant_claim.given()) {
      errors_.add(issuer.place,
                  called + (issuer.tenant.given() ? " has both `tenant` and `tenant_claim`"
                                                  : " has neither `tenant` nor `tenant_claim`"),
                  "say whose its callers are, or which claim says so");
    }
  }

  void judge_context(const ProviderModel& provider) {
    const bool is_signed = provider.row.context == ContextHeaders::signed_;
    if (is_signed == provider.context_secret.given()) return;
    errors_.add(provider.place_of("context_headers"),
                fmt::format("provider {} {}", shown(provider.name),
                            is_signed ? "is to get signed context headers, but there is no secret"
                                      : "has a `context_secret`, but signs nothing"),
                "give both `context_headers: signed` and `context_secret: ${NAME}`, or neither");
  }

  void judge_audit() {
    const AuditModel& audit = model_.audit;
    const bool to_file = audit.row.output == LogOutput::file;
    if (to_file == audit.path.given()) return;
    errors_.add(audit.place_of(to_file ? "output" : "path"),
                to_file ? "an audit log to a file has no path"
                        : "`path` of an audit log that goes to no file",
                "give both `output: file` and `path:`, or neither");
  }

  ConfigModel& model_;
  ErrorList& errors_;
  NamedSet ip_lists_{"IP list", errors_};
  NamedSet names_{"token issuer", errors_};
  NamedSet issuers_{"the issuer", errors_};
};

}  // namespace

void apply_identity_rules(ConfigModel& model, ErrorList& errors) {
  IdentityRules(model, errors).apply();
}

}  // namespace headrace::policy::config
