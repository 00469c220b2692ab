#include <algorithm>

#include <fmt/format.h>

#include "core/socket_address.h"
#include "policy/config/address_rules.h"
#include "policy/config/config_rules.h"
#include "policy/config/named_set.h"

namespace headrace::policy::config {
namespace {

class EdgeRules {
 public:
  EdgeRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {}

  void apply() {
    AnswersModel& answers = model_.answers;
    if (!answers.debug_sha256.value.empty() && !answers.debug_sha256.unknown) {
      answers.row.debug_token = parse_digest(answers.debug_sha256.value).value_or(Sha256{});
      answers.row.debug = Switch::on;
    }
    for (const ListenerModel& listener : model_.listeners)
      judge(listener);
    judge_certificate_names();
    for (ProviderModel& provider : model_.providers) {
      judge_egress(provider);
      judge_addresses(provider);
      judge_own_keys(provider);
    }
  }

 private:
  void judge(const ListenerModel& listener) {
    const bool tls = listener.row.tls == Switch::on;
    if (listener.row.proxy_protocol != ProxyProtocol::off && listener.trusted_proxies.empty()) {
      errors_.add(listener.place_of("proxy_protocol"), "`proxy_protocol` without `trusted_proxies`",
                  "say who may speak it: anybody else could claim to be anybody");
    }
    const bool certificates = listener.row.client_certificates != ClientCertificates::off;
    if (certificates && !tls) {
      errors_.add(listener.place_of("client_certificates"),
                  "`client_certificates` on a listener without TLS", "add `tls: true`");
    }
    if (certificates != listener.client_ca_file.given()) {
      errors_.add(listener.place_of(certificates ? "client_certificates" : "client_ca_file"),
                  certificates ? "`client_certificates` without `client_ca_file`"
                               : "`client_ca_file` without `client_certificates`",
                  "give both or none");
    }
    if (listener.row.over_address_limit == OverLimit::answer && tls) {
      errors_.add(listener.place_of("over_address_limit"),
                  "`over_address_limit: answer` on a listener with TLS",
                  "an answer would cost the handshake that the limit is to save: use `close`");
    }
    if (listener.cors_origins.empty() && !listener.cors_headers.empty()) {
      errors_.add(listener.place_of("cors_headers"), "`cors_headers` without `cors_origins`",
                  "say which pages may call, or remove it");
    }
    for (const Text& origin : listener.cors_origins) {
      if (origin.value == "*" && listener.cors_origins.size() > 1) {
        errors_.add(origin.place, "`cors_origins` has `*` beside others", "keep one of them");
      }
    }
  }

  void judge_certificate_names() {
    NamedSet keys("key", quiet_);
    for (const KeyModel& key : model_.keys)
      keys.add(key.name);
    NamedSet names("the certificate name", errors_);
    for (const CertificateNameModel& certificate : model_.certificate_names) {
      names.add(certificate.name);
      if (!certificate.key.unknown && !keys.has(certificate.key.value)) {
        errors_.add(certificate.key.place,
                    fmt::format("there is no key {}", shown(certificate.key)),
                    "declare it in `keys`");
      }
    }
  }

  void judge_egress(ProviderModel& provider) {
    if (!provider.egress_proxy.given()) {
      if (provider.egress_proxy_credential.given()) {
        errors_.add(provider.place_of("egress_proxy_credential"),
                    "`egress_proxy_credential` without `egress_proxy`", "remove it");
      }
      return;
    }
    if (provider.egress_proxy.unknown) return;
    const auto parts = parse_provider_url(provider.egress_proxy.value, true, false);
    if (!parts || parts->scheme != Scheme::http || !parts->path_prefix.empty()) {
      errors_.add(provider.egress_proxy.place, "`egress_proxy` is no proxy's address",
                  "write `http://` and a host, with its port");
      return;
    }
    provider.egress = *parts;
    for (const std::string_view option : {"unix_socket", "addresses"}) {
      if (!provider.has(option)) continue;
      errors_.add(provider.place_of(option), fmt::format("`{}` beside `egress_proxy`", option),
                  "remove one of them: the proxy decides what is connected to");
    }
    if (!provider.egress_proxy_credential.unknown && provider.egress_proxy_credential.given() &&
        !provider.egress_proxy_credential.value.contains(':')) {
      errors_.add(provider.egress_proxy_credential.place, "`egress_proxy_credential` has no colon",
                  "write `user:password`");
    }
  }

  void judge_addresses(const ProviderModel& provider) {
    if (provider.addresses.empty()) return;
    if (provider.unix_socket.given()) {
      errors_.add(provider.place_of("addresses"), "`addresses` beside `unix_socket`",
                  "remove one of them");
    }
    NamedSet addresses("the address", errors_);
    const auto in_service = [](const ProviderAddressModel& address) {
      return address.state != AddressState::maintenance;
    };
    for (const ProviderAddressModel& entry : provider.addresses) {
      addresses.add(entry.address);
      if (entry.address.unknown) continue;
      const auto address = core::SocketAddress::parse(entry.address.value);
      if (!address) continue;  // reported where it was read
      const bool allowed =
          !address->is_unix() && address->port() != 0 &&
          may_connect(classify(*address), provider.row.private_network == Switch::on);
      if (allowed) continue;
      errors_.add(entry.address.place,
                  fmt::format("a provider cannot have the address {}", shown(entry.address)),
                  "write an IP address and a port; a private one needs `private_network: true`");
    }
    if (std::ranges::none_of(provider.addresses, in_service)) {
      errors_.add(provider.place_of("addresses"), "every address is in maintenance",
                  "leave one in service, or remove the provider from its routes");
    }
  }

  void judge_own_keys(const ProviderModel& provider) {
    if (provider.row.own_keys == OwnKeys::off || provider.auth != AuthOption::none) return;
    errors_.add(provider.place_of("own_keys"), "`own_keys` of a provider with `auth: none`",
                "say by `auth` in which field it takes its key");
  }

  ConfigModel& model_;
  ErrorList& errors_;
  ErrorList quiet_{""};  // keys that stand twice are reported where keys are judged
};

}  // namespace

void apply_edge_rules(ConfigModel& model, ErrorList& errors) {
  EdgeRules(model, errors).apply();
}

}  // namespace headrace::policy::config
