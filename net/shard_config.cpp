#include "net/shard_config.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/check.h"
#include "core/event_log.h"
#include "net/fleet.h"
#include "net/shard_context.h"
#include "policy/config/address_rules.h"

namespace headrace::net {

ShardConfig::ShardConfig(ShardContext& shard, std::shared_ptr<const ConfigSnapshot> snapshot,
                         std::uint64_t number)
    : shard_(shard),
      snapshot_(std::move(snapshot)),
      number_(number),
      small_buffer_bytes_(shard.small_buffer_bytes),
      targets_(*snapshot_,
               shard.fleet == nullptr ? std::span<core::TargetSlot>() : shard.fleet->target_slots,
               shard.fleet == nullptr ? std::span<core::KeySlot>() : shard.fleet->key_slots),
      addresses_(snapshot_->providers().size()),
      tokens_(snapshot_->view(), snapshot_->token_keys()),
      waiting_(snapshot_->view().routes().size()) {
  const policy::config::HttpSettings& settings = http();
  head_limits_ = {.head_bytes_max = static_cast<std::uint32_t>(settings.head_bytes_max),
                  .line_bytes_max = static_cast<std::uint32_t>(settings.line_bytes_max),
                  .fields_max = static_cast<std::uint32_t>(settings.fields_max)};
  // A reload finds the memory that the start has planned.
  body_limits_.body_bytes_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      settings.body_bytes_max, shard.bodies.body_bytes_max() - http::kHeadBytesMax));
  // An estimate is what an answer without usage costs, and what a provider's limits go by.
  counts_all_text_ =
      !view().quota().prices().empty() ||
      std::ranges::any_of(view().providers(),
                          [this](const auto& provider) {
                            return !provider.limits.none() ||
                                   std::ranges::any_of(view().keys(provider), [](const auto& key) {
                                     return !key.limits.none();
                                   });
                          }) ||
      std::ranges::any_of(view().routes(),
                          [this](const auto& route) { return !view().queue(route).limits.none(); });
  for (const ProviderLink& provider : snapshot_->providers()) {
    pools_.push_back(std::make_unique<UpstreamPool>(shard_, *this, provider));
    set_fixed_address(provider);
  }
}

ShardConfig::~ShardConfig() {
  HEADRACE_CHECK(users_ == 0);
}

void ShardConfig::set_fixed_address(const ProviderLink& provider) {
  Addresses& own = addresses_[provider.index];
  if (provider.row->addresses.count > 0) return set_configured_addresses(provider);
  const std::string_view path = view().text(provider.row->unix_socket);
  auto fixed = !path.empty()
                   ? core::SocketAddress::parse("unix:" + std::string(path))
                   : core::SocketAddress::from_ip(connect_host(provider), connect_port(provider));
  own.named = !fixed;
  if (fixed) own.known.set(std::span(&*fixed, 1));
}

void ShardConfig::set_configured_addresses(const ProviderLink& provider) {
  using policy::config::AddressState;
  std::array<core::SocketAddress, ProviderAddresses::kMax> addresses;
  std::array<bool, ProviderAddresses::kMax> drains{};
  std::size_t count = 0;
  for (const policy::config::ProviderAddress& entry : view().addresses(*provider.row)) {
    if (entry.state == AddressState::maintenance || count == addresses.size()) continue;
    const auto address = core::SocketAddress::parse(view().text(entry.address));
    if (!address) continue;
    drains[count] = entry.state == AddressState::drain;
    addresses[count++] = *address;
  }
  ProviderAddresses& known = addresses_[provider.index].known;
  known.set(std::span(addresses.data(), count));
  for (std::size_t i = 0; i < count; ++i) {
    if (drains[i]) known.drain(i);
  }
}

std::string_view ShardConfig::connect_host(const ProviderLink& provider) const {
  return provider.has_egress() ? std::string_view(provider.egress_host)
                               : view().text(provider.row->host);
}

std::uint16_t ShardConfig::connect_port(const ProviderLink& provider) const {
  return provider.has_egress() ? provider.egress_port : provider.row->port;
}

bool ShardConfig::wants_addresses(std::uint32_t provider) const {
  const Addresses& own = addresses_[provider];
  return own.named && !own.asked && (own.known.empty() || own.hold_until <= shard_.now());
}

void ShardConfig::take_addresses(std::uint32_t provider,
                                 std::span<const core::SocketAddress> addresses,
                                 core::Duration hold) {
  Addresses& own = addresses_[provider];
  own.asked = false;
  own.hold_until = shard_.now() + hold;
  // A proxy on the way out stands in the operator's own network.
  const bool private_network =
      view().providers()[provider].private_network == policy::config::Switch::on ||
      snapshot_->providers()[provider].has_egress();
  std::size_t count = 0;
  std::array<core::SocketAddress, ProviderAddresses::kMax> allowed;
  for (const core::SocketAddress& address : addresses) {
    // A name may change its mind: what it means now is judged before it is connected to.
    if (count < allowed.size() &&
        policy::config::may_connect(policy::config::classify(address), private_network)) {
      allowed[count++] = address;
    }
  }
  if (count > 0) {
    own.known.set(std::span(allowed.data(), count));
  } else if (!addresses.empty() && shard_.number == 0) {
    HEADRACE_EVENT(warning,
                   "provider {}: its name stands for addresses that are not connected to, {} for "
                   "one: `private_network: true` allows private ones",
                   snapshot_->providers()[provider].name, addresses.front().text());
  }
  pools_[provider]->on_addresses();
}

void ShardConfig::drop_user() {
  HEADRACE_CHECK(users_ > 0);
  --users_;
}

bool ShardConfig::give_up_idle_upstream() {
  const auto idle = [](const std::unique_ptr<UpstreamPool>& pool) { return pool->idle(); };
  const auto most = std::ranges::max_element(pools_, {}, idle);
  return most != pools_.end() && (*most)->give_up_idle();
}

void ShardConfig::start_health_checks() {
  for (const auto& pool : pools_) {
    const ProviderLink& provider = pool->provider();
    core::TargetSlot* slot = targets_.provider_slot(provider.index);
    if (slot == nullptr || view().resilience(*provider.row).health.interval_ms == 0) continue;
    health_checks_.push_back(std::make_unique<HealthCheck>(shard_, *pool, *slot, view()));
    health_checks_.back()->start();
  }
}

void ShardConfig::retire() {
  retired_ = true;
  for (const auto& check : health_checks_)
    check->stop();
  for (const auto& pool : pools_)
    pool->retire();
}

}  // namespace headrace::net
