#include "tests/sim/queue_scenario.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/dice.h"
#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/staged_run.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kClientsEach = 10;
constexpr std::uint32_t kRequests = 600;  // of all, then the gateway drains
// Ten of his own before him, three of the others' for each, and all that the faults hold up.
constexpr core::Duration kWaitMax = seconds(20);

// Half of the seeds wait for permits of others, the rest for time, or for both.
constexpr std::string_view kLimits[] = {
    "[{measure: concurrent, value: 3}]",
    "[{measure: requests, per: second, value: 40, burst: 4}]",
    "[{measure: concurrent, value: 4}, {measure: requests, per: second, value: 60, burst: 2}]",
    "[{measure: concurrent, value: 1}]",
};
constexpr std::size_t kConcurrentMax[] = {3, SIZE_MAX, 4, 1};

struct Scene {
  QueueRun run;
  std::size_t concurrent_max = 0;
  // At the provider, by number. Those whose clients have left do not count: the gateway hears of
  // that first, and lets others have their room before the provider hears of it.
  std::set<std::uint32_t> under_way;
  std::set<std::uint32_t> left;
  std::uint32_t asked = 0;
  std::uint32_t came = 0;  // to the provider
  bool ending = false;     // nobody asks again
};

std::uint32_t number_in(std::string_view body) {
  const std::string_view digits = body.substr(body.find('#') + 1);
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// --- the provider --------------------------------------------------------------------------------

class Provider {
 public:
  Provider(Scene& scene, std::shared_ptr<Peer> peer) : scene_(scene), peer_(std::move(peer)) {
    peer_->on_bytes = [this](std::string_view bytes) { on_bytes(bytes); };
    peer_->on_end = [this] { on_over(); };
    peer_->on_reset = peer_->on_end;
  }

 private:
  void on_bytes(std::string_view bytes) {
    reader_.feed(bytes);
    while (auto message = reader_.next())
      serve(message->body.find("heavy") != std::string::npos, number_in(message->body));
  }

  void serve(bool heavy, std::uint32_t number) {
    number_ = number;
    if (!scene_.left.contains(number)) scene_.under_way.insert(number);
    if (scene_.under_way.size() > scene_.concurrent_max) {
      World::current().violation("more at one time than the limit says");
    }
    // The first ones find room without waiting, the last ones nobody to wait behind.
    if (++scene_.came > 2 * kClientsEach && !scene_.ending) {
      ++(heavy ? scene_.run.heavy : scene_.run.light);
    }
    const bool fails = dice().one_in(15);
    World::current().after(milliseconds(10 + dice().below(30)), [this, fails, number] {
      if (number_ != number) return;
      done();
      peer_->write(
          fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\n"
                      "Content-Length: 2\r\n\r\n{{}}",
                      fails ? "400 Odd" : "200 OK"));
    });
  }

  void done() { scene_.under_way.erase(std::exchange(number_, 0)); }
  void on_over() {
    done();
    peer_->finish();
  }

  Scene& scene_;
  std::shared_ptr<Peer> peer_;
  MessageReader reader_{MessageReader::Side::requests};
  std::uint32_t number_ = 0;  // of the request that is served; 0: none is
};

// --- clients -------------------------------------------------------------------------------------

class Client {
 public:
  Client(Scene& scene, bool heavy) : scene_(scene), heavy_(heavy) {}

  void start() {
    World::current().after(World::current().some_delay(), [this] { connect(); });
  }
  [[nodiscard]] bool done() const { return scene_.ending && !waiting_; }

 private:
  void connect() {
    if (scene_.ending) return;
    peer_ = World::current().connect(Gateway::address());
    if (peer_ == nullptr) return World::current().violation("nobody listens");
    reader_ = std::make_unique<MessageReader>(MessageReader::Side::responses);
    const std::uint64_t connection = ++connection_;
    peer_->on_bytes = [this, connection](std::string_view bytes) {
      if (connection == connection_) on_bytes(bytes);
    };
    peer_->on_end = [this, connection] {
      if (connection == connection_) on_over();
    };
    peer_->on_reset = peer_->on_end;
    ask();
  }

  void ask() {
    if (scene_.ending) return;
    if (++scene_.asked == kRequests) scene_.ending = true;
    waiting_ = true;
    asked_at_ = World::current().now();
    ++scene_.run.requests;
    number_ = scene_.asked;
    const std::string body = fmt::format(R"({{"model":"queued-sim","messages":["{} #{}."]}})",
                                         heavy_ ? "heavy" : "light", number_);
    peer_->write(fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\n"
        "Content-Length: {}\r\n\r\n{}",
        heavy_ ? kHeavyKey : kLightKey, body.size(), body));
    World::current().after(kWaitMax, [this, number = number_] {
      if (waiting_ && number == number_) {
        World::current().violation(
            fmt::format("a request of the {} starves", heavy_ ? "heavy" : "light"));
      }
    });
    if (!dice().one_in(9)) return;
    World::current().after(milliseconds(dice().below(400)), [this, connection = connection_] {
      if (connection == connection_ && waiting_) leave();
    });
  }

  void leave() {
    ++scene_.run.left;
    scene_.left.insert(number_);
    scene_.under_way.erase(number_);
    waiting_ = false;
    ++connection_;
    if (dice().one_in(2)) {
      peer_->reset();
    } else {
      peer_->finish();
    }
    start();
  }

  void on_bytes(std::string_view bytes) {
    reader_->feed(bytes);
    while (auto message = reader_->next()) {
      if (!waiting_) return World::current().violation("an answer that nobody asked for");
      waiting_ = false;
      scene_.run.longest = std::max(scene_.run.longest, World::current().now() - asked_at_);
      if (message->status() != 200 && message->body != "{}") {
        World::current().violation("refused in spite of the queue: " + message->head);
      }
      World::current().after(milliseconds(1), [this, connection = connection_] {
        if (connection == connection_) ask();
      });
    }
    if (!reader_->error().empty()) World::current().violation(reader_->error());
  }

  void on_over() {
    ++connection_;
    peer_->finish();
    if (std::exchange(waiting_, false)) {
      World::current().violation("a connection ended without an answer");
    }
    start();
  }

  Scene& scene_;
  bool heavy_;
  std::shared_ptr<Peer> peer_;
  std::unique_ptr<MessageReader> reader_;
  std::uint64_t connection_ = 0;
  std::uint32_t number_ = 0;  // of its request
  core::Instant asked_at_{};
  bool waiting_ = false;
};

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : seed_(seed),
        // Whoever is stopped in his turn stops all others: enough of it, and no more.
        world_(seed, staged_odds(seed)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .queue_limits = kLimits[seed % std::size(kLimits)]}) {
    scene_.concurrent_max = kConcurrentMax[seed % std::size(kLimits)];
    world_.serve(Gateway::provider_address(0), [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(scene_, std::move(peer)));
    });
    world_.watch_rest([this] { gateway_.attend(); });
  }

  QueueRun play() {
    for (std::uint32_t i = 0; i < 2 * kClientsEach; ++i) {
      clients_.push_back(std::make_unique<Client>(scene_, i % 2 == 0));
      clients_.back()->start();
    }
    if (seed_ % 4 == 1) world_.after(seconds(3), [this] { gateway_.reload(); });
    run_until(
        world_, gateway_, [this] { return scene_.ending; }, std::chrono::hours(1),
        "requests are held up");
    // Some wait still: a drain lets them have their turn. By then every request has come: one that
    // meets the end of its idle connection is nobody's fault.
    world_.after(milliseconds(100), [this] { gateway_.drain(); });
    const auto done = [this] { return all_done(clients_); };
    run_until(world_, gateway_, done, std::chrono::minutes(1), "clients still wait");
    world_.calm();
    run_to_end(world_, gateway_);
    judge_proportion();
    scene_.run.violations = violations_of(world_, gateway_);
    return scene_.run;
  }

 private:
  // A tenth of slack: who leaves in his turn has been served, and a client that comes again a
  // moment later may leave its tenant with nobody waiting for as long.
  void judge_proportion() {
    const auto heavy = static_cast<double>(scene_.run.heavy);
    const auto light = static_cast<double>(scene_.run.light);
    if (!world_.violations().empty() || heavy + light < 300) return;
    if (heavy > 3 * light * 1.15 + 3 || heavy < 3 * light * 0.85 - 3) {
      world_.violation(fmt::format("served {} to {} instead of 3 to 1", heavy, light));
    }
  }

  std::uint64_t seed_;
  World world_;
  Scene scene_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

QueueRun run_queue_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
