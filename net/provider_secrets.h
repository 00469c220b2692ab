// What providers are shown that nobody else may see: credentials, secret fields, the proof for an
// egress proxy. Unsealed while a config is loaded, then placed in locked memory.
//
// Threads:  the loading thread.
// Lifetime: of one build; what was unsealed is wiped with it, whether it got its place or not.
// Errors:   a line for an operator into `errors`; nothing secret in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/locked_memory.h"
#include "net/upstream/provider_link.h"
#include "policy/config/config_view.h"
#include "policy/config/seal.h"

namespace headrace::net {

class ProviderSecrets {
 public:
  ProviderSecrets(const policy::config::ConfigView& view,
                  const policy::config::MasterKey& master_key, std::vector<std::string>& errors)
      : view_(&view), master_key_(&master_key), errors_(&errors) {}
  ~ProviderSecrets();
  ProviderSecrets(const ProviderSecrets&) = delete;
  ProviderSecrets& operator=(const ProviderSecrets&) = delete;

  // Of the next provider, in the order of the config: its keys come into the link.
  void add(ProviderLink& link);
  std::string unsealed(policy::config::TextRef sealed, const std::string& context);
  // The links, in the order of add(), see their texts where they stay.
  [[nodiscard]] LockedMemory place(std::span<ProviderLink> links);

 private:
  struct Texts {
    std::string lines;
    std::string query;
    std::string egress;
    std::string context;
  };

  Texts texts_of(const policy::config::Provider& row);
  Texts shown(const policy::config::Provider& row, std::string_view credential);
  std::string egress_request(const policy::config::Provider& row);
  void add_key(ProviderLink& link, std::string_view name, std::string credential);

  const policy::config::ConfigView* view_;
  const policy::config::MasterKey* master_key_;
  std::vector<std::string>* errors_;
  std::vector<Texts> providers_;
  std::vector<Texts> keys_;  // of all providers, in their order
};

}  // namespace headrace::net
