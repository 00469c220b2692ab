// A config as the data plane serves by it: the base, and what was made of it once when it was
// loaded: credentials unsealed into locked private memory, TLS contexts, links per provider and
// listener.
//
// Threads:  built on the loading thread (it reads files, and may take a while); immutable
//           afterwards and shared by all shards.
// Lifetime: until the last shard has let go of it.
// Errors:   every fault at once, each in a line for an operator; nothing secret in them.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/edge/listener_link.h"
#include "net/locked_memory.h"
#include "net/upstream/provider_link.h"
#include "policy/config/config_view.h"
#include "policy/config/seal.h"
#include "policy/token/token_key.h"

namespace headrace::net {

class ConfigSnapshot {
 public:
  static std::expected<std::shared_ptr<const ConfigSnapshot>, std::vector<std::string>> build(
      std::vector<std::byte> base, const policy::config::MasterKey& master_key);

  [[nodiscard]] const policy::config::ConfigView& view() const { return view_; }
  // Of each issuer of tokens, in the order of the config.
  [[nodiscard]] std::span<const std::vector<policy::TokenKey>> token_keys() const {
    return token_keys_;
  }
  [[nodiscard]] std::span<const ProviderLink> providers() const { return providers_; }
  [[nodiscard]] const ListenerLink& listener(std::size_t index) const { return listeners_[index]; }
  [[nodiscard]] const ListenerLink& admin_listener() const { return admin_; }

 private:
  friend class SnapshotBuilder;
  ConfigSnapshot() = default;

  std::vector<std::byte> base_;
  policy::config::ConfigView view_;
  LockedMemory secrets_;
  std::vector<ProviderLink> providers_;
  std::vector<std::vector<policy::TokenKey>> token_keys_;
  std::vector<ListenerLink> listeners_;
  ListenerLink admin_;
};

}  // namespace headrace::net
