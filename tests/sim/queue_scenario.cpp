#include "tests/sim/queue_scenario.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/actor_words.h"
#include "tests/sim/answering_provider.h"
#include "tests/sim/asking_client.h"
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

// --- the provider --------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  Provider(Scene& scene, std::shared_ptr<Peer> peer)
      : AnsweringProvider(std::move(peer), Hears::resets_too), scene_(scene) {}

 private:
  void on_request(const Message& message) override {
    serve(message.body.find("heavy") != std::string::npos, number_behind(message.body, "#"));
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
      peer().write(json_answer(fails ? "400 Odd" : "200 OK", "{}"));
    });
  }

  void done() { scene_.under_way.erase(std::exchange(number_, 0)); }
  void on_over() override { done(); }

  Scene& scene_;
  std::uint32_t number_ = 0;  // of the request that is served; 0: none is
};

// --- clients -------------------------------------------------------------------------------------

class Client final : public AskingClient {
 public:
  Client(Scene& scene, bool heavy, TlsWorld* tls)
      : AskingClient(tls), scene_(scene), heavy_(heavy), speaks_tls_(tls != nullptr) {}

 private:
  [[nodiscard]] bool wants_more() const override { return !scene_.ending; }

  void on_connected(Peer&) override { asked_here_ = 0; }

  std::string question() override {
    if (++scene_.asked == kRequests) scene_.ending = true;
    ++asked_here_;
    asked_at_ = World::current().now();
    ++scene_.run.requests;
    number_ = scene_.asked;
    World::current().after(kWaitMax, [this, number = number_] {
      if (waiting() && number == number_) {
        World::current().violation(
            fmt::format("a request of the {} starves", heavy_ ? "heavy" : "light"));
      }
    });
    return chat_request(heavy_ ? kHeavyKey : kLightKey,
                        fmt::format(R"({{"model":"queued-sim","messages":["{} #{}."]}})",
                                    heavy_ ? "heavy" : "light", number_));
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(9)) return std::nullopt;
    return milliseconds(dice().below(400));
  }

  void on_left() override {
    ++scene_.run.left;
    scene_.left.insert(number_);
    scene_.under_way.erase(number_);
  }

  // Who is still shaking hands when the gateway drains has not asked anything of it yet.
  void on_lost(MessageReader& reader) override {
    if (scene_.ending && speaks_tls_ && asked_here_ == 1) return on_left();
    AskingClient::on_lost(reader);
  }

  void on_answer(const Message& message) override {
    scene_.run.longest = std::max(scene_.run.longest, World::current().now() - asked_at_);
    if (message.status() != 200 && message.body != "{}") {
      World::current().violation("refused in spite of the queue: " + message.head);
    }
  }

  core::Duration pause() override { return milliseconds(1); }

  Scene& scene_;
  bool heavy_;
  bool speaks_tls_;
  std::uint32_t asked_here_ = 0;  // over its connection
  std::uint32_t number_ = 0;      // of its request
  core::Instant asked_at_{};
};

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : seed_(seed),
        tls_(staged_tls(seed)),
        // Whoever is stopped in his turn stops all others: enough of it, and no more.
        world_(seed, with_tls(staged_odds(seed), tls_)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .queue_limits = kLimits[seed % std::size(kLimits)],
                          .tls = tls_.get()}) {
    scene_.concurrent_max = kConcurrentMax[seed % std::size(kLimits)];
    if (tls_ != nullptr) tls_->settled = [this] { return gateway_.reloaded(); };
    serve(world_, 0, tls_.get(), [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(scene_, std::move(peer)));
    });
    world_.watch_rest([this] { gateway_.attend(); });
  }

  QueueRun play() {
    for (std::uint32_t i = 0; i < 2 * kClientsEach; ++i) {
      clients_.push_back(std::make_unique<Client>(scene_, i % 2 == 0, tls_.get()));
      clients_.back()->start();
    }
    if (seed_ % 4 == 1) world_.after(seconds(3), [this] { reload(gateway_, tls_); });
    run_until(
        world_, gateway_, [this] { return scene_.ending; }, std::chrono::hours(1),
        "requests are held up");
    // Some wait still: a drain lets them have their turn. By then every request has come: one that
    // meets the end of its idle connection is nobody's fault.
    world_.after(milliseconds(100), [this] { gateway_.drain(); });
    run_until_served(world_, gateway_, clients_, std::chrono::minutes(1));
    world_.calm();
    run_to_end(world_, gateway_);
    judge_proportion();
    if (tls_ != nullptr) scene_.run.tls = tls_->counts();
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
  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
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
