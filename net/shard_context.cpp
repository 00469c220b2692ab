#include "net/shard_context.h"

#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/quota_hold.h"
#include "net/proxy/request_message.h"
#include "net/proxy/silent_call.h"
#include "net/proxy/target_hold.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

// The config promises room for the largest body (core::BodyPool asserts it).
static_assert(http::kHeadBytesMax + core::kBufferHeadroom + core::kBufferPadding +
                  core::kPageBytes <=
              policy::config::kBesideBodyBytes);

namespace {

// Debugged at one time; more go unexplained.
constexpr std::uint32_t kExplanationsMax = 64;

}  // namespace

ShardContext::ShardContext(core::Io& shard_io, core::TimerWheel& shard_timers,
                           std::uint32_t shard_number, const ShardCapacity& capacity,
                           core::BodyBudget& body_budget, std::size_t body_bytes_max)
    : io(&shard_io),
      timers(&shard_timers),
      number(shard_number),
      starved(shard_timers),
      address_limits(shard_io.random()),
      head_blocks("head blocks", kHeadBlockBytes, capacity.head_blocks),
      tls_blocks("TLS blocks", kTlsBlockBytes, capacity.tls_blocks),
      tls_waiting(tls_blocks, shard_number),
      // A body is held together with its head.
      bodies(body_budget, body_bytes_max + http::kHeadBytesMax),
      downstreams("downstream connections", capacity.downstream_connections),
      upstreams("upstream connections", capacity.upstream_connections),
      exchanges("exchanges", capacity.exchanges),
      messages("requests held", capacity.messages),
      quota_holds("limits held", capacity.exchanges),
      silent_calls("calls beside another", capacity.exchanges),
      target_holds("limits of targets held", capacity.exchanges),
      explanations("requests explained", kExplanationsMax),
      decision_trails("decisions", capacity.exchanges),
      learned_models(std::make_unique<policy::LearnedModels>()) {}

ShardContext::~ShardContext() = default;

}  // namespace headrace::net
