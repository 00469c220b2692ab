// Names in the simulated world: the same attendant's work as net/upstream/name_work.cpp does with
// DNS. This one is linked instead of that one, as with core::Io.
#include "net/upstream/name_work.h"

#include <string>

#include "tests/sim/gateway.h"
#include "tests/sim/world.h"

namespace headrace::net {

NameWork::NameWork() = default;
NameWork::~NameWork() = default;

void NameWork::on_request(std::uint32_t shard, const NameRequest& request,
                          core::AttendantReplies<NameReply>& replies) {
  using sim::Fault;
  using sim::Gateway;
  sim::World& world = sim::World::current();
  NameReply reply;
  reply.config = request.config;
  reply.provider = request.provider;
  reply.holds_seconds = 1 + static_cast<std::uint32_t>(world.random().below(kHoldsSecondsMin));
  const std::string host(request.host.data());
  for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
    if (host != Gateway::provider_name(i)) continue;
    if (world.strikes(Fault::name_fails)) break;
    if (world.strikes(Fault::name_partly_dead)) {
      reply.addresses[reply.count++] =
          core::SocketAddress::from_ip("10.9.9.9", request.port).value();
    }
    reply.addresses[reply.count++] = Gateway::provider_address(i);
  }
  // Requests are there before the names are.
  core::Duration delay = std::chrono::milliseconds(world.random().below(300));
  if (world.strikes(Fault::name_slow)) {
    delay += std::chrono::milliseconds(world.random().below(3'000));
  }
  world.after(delay, [shard, reply, &replies] { replies.send(shard, reply); });
}

void NameWork::on_poll(core::AttendantReplies<NameReply>&) {}

}  // namespace headrace::net
