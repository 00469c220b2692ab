#include "tests/sim/world.h"

#include <algorithm>

#include "core/check.h"
#include "tests/sim/sim_io.h"

namespace headrace::sim {

namespace {
World* current_world = nullptr;
}  // namespace

World::World(std::uint64_t seed, const FaultOdds& odds) : random_(seed), odds_(odds) {
  HEADRACE_CHECK(current_world == nullptr, "one world at a time");
  current_world = this;
}

World::~World() {
  current_world = nullptr;
}

core::WallTime World::wall_now() const {
  constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
  return {kStart + (now_.time_since_epoch() + wall_offset_).count()};
}

World& World::current() {
  HEADRACE_CHECK(current_world != nullptr, "there is no world");
  return *current_world;
}

void World::leave() {
  current_world = nullptr;
}

bool World::strikes(Fault fault) {
  const auto index = static_cast<std::size_t>(std::to_underlying(fault));
  if (calm_ || odds_[index] == 0 || !random_.one_in(odds_[index])) return false;
  ++struck_[index];
  return true;
}

void World::after(core::Duration delay, std::function<void()> event) {
  events_.push({now_ + delay, ++order_, std::move(event)});
}

core::Duration World::some_delay() {
  using std::chrono::microseconds;
  const std::uint64_t kind = random_.below(100);
  if (kind < 60) return microseconds(random_.below(50));
  if (kind < 95) return microseconds(random_.below(1'000));
  return microseconds(random_.below(20'000));
}

int World::new_descriptor(std::shared_ptr<SimSocket> socket) {
  int descriptor = 3;
  for (const auto& [used, each] : sockets_) {
    if (used != descriptor) break;
    ++descriptor;
  }
  socket->descriptor = descriptor;
  sockets_.emplace(descriptor, std::move(socket));
  return descriptor;
}

void World::forget_descriptor(int descriptor) {
  const auto found = sockets_.find(descriptor);
  HEADRACE_CHECK(found != sockets_.end(), "a descriptor was closed twice");
  if (found->second->kind == SimSocket::Kind::listening) {
    for (auto& [address, sockets] : listeners_)
      std::erase(sockets, found->second);
  }
  sockets_.erase(found);
}

std::shared_ptr<SimSocket> World::socket_of(int descriptor) {
  const auto found = sockets_.find(descriptor);
  HEADRACE_CHECK(found != sockets_.end(), "an operation on a descriptor that is not open");
  return found->second;
}

void World::serve(const core::SocketAddress& address, AcceptActor actor) {
  actors_[address.text()] = std::move(actor);
}

const World::AcceptActor* World::actor_at(const core::SocketAddress& address) const {
  const auto found = actors_.find(address.text());
  return found == actors_.end() ? nullptr : &found->second;
}

void World::register_listener(const core::SocketAddress& address,
                              std::shared_ptr<SimSocket> socket) {
  listeners_[address.text()].push_back(std::move(socket));
}

std::shared_ptr<Peer> World::connect(const core::SocketAddress& address) {
  const auto found = listeners_.find(address.text());
  if (found == listeners_.end() || found->second.empty()) return nullptr;
  // As SO_REUSEPORT spreads connections.
  const std::shared_ptr<SimSocket> listener =
      found->second[static_cast<std::size_t>(random_.below(found->second.size()))];
  auto peer = std::make_shared<Peer>();
  auto socket = std::make_shared<SimSocket>();
  socket->kind = SimSocket::Kind::connected;
  socket->peer = peer;
  socket->local = address;
  peer->socket = socket;
  listener->backlog.push_back(std::move(socket));
  after(some_delay(), [listener] { listener->changed(); });
  return peer;
}

void World::add_shard(SimIo& io, Turn turn) {
  shards_.push_back({&io, std::move(turn)});
}

bool World::turn_shards() {
  std::vector<std::size_t> order(shards_.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random_.below(i))]);
  }
  bool any = false;
  for (const std::size_t i : order) {
    if (!shards_[i].io->wants_turn()) continue;
    any = true;
    shards_[i].turn();
  }
  return any;
}

void World::happen() {
  while (!events_.empty() && events_.top().at <= now_) {
    // Moved out before it is popped: only its order is still needed, and that stays.
    const std::function<void()> event = std::move(const_cast<Event&>(events_.top()).run);
    events_.pop();
    event();
    if (++events_this_instant_ > kEventsPerInstantMax) {
      violation("time does not move: somebody spins");
      return;
    }
  }
}

core::Instant World::next_instant() const {
  core::Instant next = events_.empty() ? core::kNever : events_.top().at;
  for (const ShardEntry& shard : shards_)
    next = std::min(next, shard.io->wakes_at());
  return next;
}

bool World::run(const std::function<bool()>& done, core::Duration longest) {
  const core::Instant end = now_ + longest;
  std::uint64_t busy_rounds = 0;
  for (;;) {
    const bool turned = turn_shards();
    if (!turned && at_rest_) at_rest_();
    if (!violations_.empty()) return false;
    if (!turned && done()) return true;
    core::Instant next = next_instant();
    if (turned) {
      // A turn takes its time too, and the world does not wait for it.
      next = std::min(next, now_ + std::chrono::microseconds(random_.below(kTurnMicrosMax)));
      if (++busy_rounds > kBusyRoundsMax) violation("the shards find no rest: somebody spins");
    } else {
      busy_rounds = 0;
    }
    if (next == core::kNever || next > end) return false;
    if (next > now_) {
      now_ = next;
      events_this_instant_ = 0;
    }
    happen();
    if (!violations_.empty()) return false;
  }
}

void World::violation(std::string what) {
  violations_.push_back(std::move(what));
}

}  // namespace headrace::sim
