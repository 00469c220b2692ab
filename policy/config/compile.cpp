#include "policy/config/compile.h"

#include <openssl/mem.h>

#include "policy/config/base_builder.h"
#include "policy/config/cache_rules.h"
#include "policy/config/config_reader.h"
#include "policy/config/config_rules.h"
#include "policy/config/config_view.h"
#include "policy/config/error_list.h"
#include "policy/config/yaml_tree.h"

namespace headrace::policy::config {
namespace {

void wipe(Text& text) {
  OPENSSL_cleanse(text.value.data(), text.value.size());
}

// What must not be found in freed memory.
void wipe_secrets(ConfigModel& model) {
  for (ProviderModel& provider : model.providers) {
    wipe(provider.credential);
    wipe(provider.egress_proxy_credential);
    wipe(provider.context_secret);
    for (ProviderKeyModel& key : provider.keys)
      wipe(key.credential);
    for (NamedText& edit : provider.headers_add)
      wipe(edit.text);
    for (NamedText& edit : provider.query_add)
      wipe(edit.text);
  }
  for (TokenIssuerModel& issuer : model.token_issuers)
    wipe(issuer.secret);
  for (KeyModel& key : model.keys)
    wipe(key.key);
}

}  // namespace

std::expected<std::vector<std::byte>, std::vector<ConfigError>> compile(
    std::string_view yaml_text, std::string_view file_name, SecretSource& source,
    const MasterKey& master_key) {
  ErrorList errors(file_name);
  std::optional<YamlNode> tree = parse_yaml(yaml_text, errors);
  if (!tree) return std::unexpected(errors.take());
  substitute(*tree, source, errors);
  ConfigModel model = read_config(*tree, errors);
  apply_front_rules(model, errors);
  apply_records_rules(model, errors);
  apply_scope_rules(model, errors);
  apply_access_rules(model, errors);
  apply_identity_rules(model, errors);
  apply_provider_rules(model, errors);
  apply_edge_rules(model, errors);
  apply_resilience_rules(model, errors);
  apply_route_rules(model, errors);
  apply_quota_rules(model, source, errors);
  apply_cache_rules(model, errors);
  apply_file_rules(model, source, errors);

  std::vector<std::byte> base;
  if (errors.empty()) {
    BaseBuilder builder(master_key);
    builder.add(model);
    base = builder.finish();
    // Whoever opens it must be able to: better refused here than by a running data plane.
    if (auto view = ConfigView::open(base); !view) {
      errors.add({}, "the config could not be laid out: " + view.error(),
                 "this is a fault of the compiler; please report it");
    }
  }
  wipe_secrets(model);
  wipe_substituted(*tree);
  if (!errors.empty()) return std::unexpected(errors.take());
  return base;
}

}  // namespace headrace::policy::config
