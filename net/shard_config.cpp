#include "net/shard_config.h"

#include <algorithm>

#include "core/check.h"
#include "net/shard_context.h"

namespace headrace::net {

ShardConfig::ShardConfig(ShardContext& shard, std::shared_ptr<const ConfigSnapshot> snapshot)
    : shard_(shard),
      snapshot_(std::move(snapshot)),
      small_buffer_bytes_(shard.small_buffer_bytes),
      addresses_(snapshot_->providers().size()) {
  const policy::config::HttpSettings& settings = http();
  head_limits_ = {.head_bytes_max = static_cast<std::uint32_t>(settings.head_bytes_max),
                  .line_bytes_max = static_cast<std::uint32_t>(settings.line_bytes_max),
                  .fields_max = static_cast<std::uint32_t>(settings.fields_max)};
  body_limits_.body_bytes_max = static_cast<std::uint32_t>(settings.body_bytes_max);
  for (const ProviderLink& provider : snapshot_->providers()) {
    pools_.push_back(std::make_unique<UpstreamPool>(shard_, *this, provider));
  }
}

ShardConfig::~ShardConfig() { HEADRACE_CHECK(users_ == 0); }

const core::SocketAddress* ShardConfig::address_of(std::uint32_t provider,
                                                   std::uint32_t attempt) const {
  const Addresses& known = addresses_[provider];
  return known.count == 0 ? nullptr : &known.list[attempt % known.count];
}

void ShardConfig::set_addresses(std::uint32_t provider,
                                std::span<const core::SocketAddress> addresses) {
  Addresses& known = addresses_[provider];
  known.count = std::min(addresses.size(), kAddressesMax);
  std::copy_n(addresses.begin(), known.count, known.list.begin());
}

bool ShardConfig::trusts(std::uint32_t listener, const PeerAddress& peer) const {
  return peer.known() &&
         policy::config::contains(view().trusted_proxies(view().listeners()[listener]),
                                  peer.bytes());
}

void ShardConfig::drop_user() {
  HEADRACE_CHECK(users_ > 0);
  --users_;
}

void ShardConfig::retire() {
  retired_ = true;
  for (const auto& pool : pools_) pool->retire();
}

}  // namespace headrace::net
