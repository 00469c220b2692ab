// The simulated world: one thread, virtual time, a seed. It holds what the kernel and the network
// hold in the real one: descriptors, bytes on their way, and everything that is yet to happen.
//
// A run is a function of its seed. A turn of a shard takes a few microseconds; when no shard has
// anything to do, time jumps to what happens next, so hours pass in milliseconds.
//
//   gateway (real code) --- core::Io (sim_io.cpp) --- SimSocket | Peer --- scripted actor
//
// Threads: one. A World must be current (World::current()) while anything of it lives.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/random.h"
#include "core/socket_address.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim_socket.h"

namespace headrace::sim {

class SimIo;

class World {
 public:
  World(std::uint64_t seed, const FaultOdds& odds);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  static World& current();
  // The current world stays as it is, and another one may come.
  static void leave();

  [[nodiscard]] core::Instant now() const { return now_; }
  [[nodiscard]] core::WallTime wall_now() const;
  // Somebody sets the machine's clock. The monotonic one goes on.
  void step_wall_clock(core::Duration step) { wall_offset_ += step; }
  core::Random& random() { return random_; }

  // Draws whether a fault happens here, and counts it if so.
  bool strikes(Fault fault);
  [[nodiscard]] const FaultCounts& struck() const { return struck_; }
  // No further faults: for the end of a run, when everything must come to rest.
  void calm() { calm_ = true; }

  void after(core::Duration delay, std::function<void()> event);
  // A delay as networks and schedulers make them: mostly short, sometimes not.
  core::Duration some_delay();

  // --- descriptors -------------------------------------------------------------------------------
  // The lowest free number, as the kernel gives them, so that a stale one meets a stranger.
  int new_descriptor(std::shared_ptr<SimSocket> socket);
  void forget_descriptor(int descriptor);
  std::shared_ptr<SimSocket> socket_of(int descriptor);
  [[nodiscard]] std::size_t descriptors_open() const { return sockets_.size(); }

  // --- the network -------------------------------------------------------------------------------
  using AcceptActor = std::function<void(std::shared_ptr<Peer>)>;
  // Connections to this address reach an actor.
  void serve(const core::SocketAddress& address, AcceptActor actor);
  [[nodiscard]] const AcceptActor* actor_at(const core::SocketAddress& address) const;
  void register_listener(const core::SocketAddress& address, std::shared_ptr<SimSocket> socket);
  // An actor connects to one of the gateway's listeners at this address; null when none is left.
  std::shared_ptr<Peer> connect(const core::SocketAddress& address);

  // --- running -----------------------------------------------------------------------------------
  void add_io(SimIo& io) { ios_.push_back(&io); }
  // The one that was made last: whoever makes an Io finds the simulated one behind it here.
  SimIo& newest_io() { return *ios_.back(); }
  void remove_io(SimIo& io) { std::erase(ios_, &io); }
  using Turn = std::function<void()>;
  // The shards' turns; each is called while its io has anything to do.
  void add_shard(SimIo& io, Turn turn);
  // Asked whenever every shard sleeps: is it right that they do?
  void watch_rest(std::function<void()> at_rest) { at_rest_ = std::move(at_rest); }
  // Until `done` says so, or nothing is left to happen, or this much time has passed. True: done.
  bool run(const std::function<bool()>& done, core::Duration longest);

  // --- what must not be --------------------------------------------------------------------------
  // An actor saw something that must not be. The run ends.
  void violation(std::string what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  // Events at one instant of time beyond which somebody must be spinning.
  static constexpr std::uint64_t kEventsPerInstantMax = 200'000;
  // As many turns without a pause, likewise.
  static constexpr std::uint64_t kBusyRoundsMax = 200'000;
  static constexpr std::uint64_t kTurnMicrosMax = 30;

  struct Event {
    core::Instant at;
    std::uint64_t order;
    std::function<void()> run;
    friend bool operator>(const Event& a, const Event& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  struct ShardEntry {
    SimIo* io;
    Turn turn;
  };

  // One turn of each shard that wants one; false: none does.
  bool turn_shards();
  // What is due now.
  void happen();
  [[nodiscard]] core::Instant next_instant() const;

  core::Instant now_{std::chrono::seconds(1'000)};
  core::Duration wall_offset_{};
  core::Random random_;
  FaultOdds odds_;
  FaultCounts struck_{};
  bool calm_ = false;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<int, std::shared_ptr<SimSocket>> sockets_;
  std::map<std::string, AcceptActor> actors_;
  std::map<std::string, std::vector<std::shared_ptr<SimSocket>>> listeners_;
  std::vector<SimIo*> ios_;
  std::vector<ShardEntry> shards_;
  std::function<void()> at_rest_;
  std::vector<std::string> violations_;
  std::uint64_t events_this_instant_ = 0;
};

}  // namespace headrace::sim
