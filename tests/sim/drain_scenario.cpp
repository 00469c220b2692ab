#include "tests/sim/drain_scenario.h"

#include <algorithm>
#include <array>
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

constexpr std::uint32_t kClients = 24;
constexpr std::uint32_t kQuestions = 40;
constexpr std::uint32_t kRequests = 160;  // of all, then the gateway is told to end
// One route keeps its answers and has room for a few; the other has room for a second call.
constexpr std::string_view kKept = "kept-sim";
constexpr std::string_view kHedged = "gpt-sim";
constexpr std::size_t kRoom = 5;
constexpr std::string_view kLimits = "[{measure: concurrent, value: 5}]";
// Those of the two that serve the route.
constexpr std::array<std::size_t, 2> kProviders = {0, 3};

// What a provider has said, by the number that stands in it.
struct Said {
  std::uint32_t question = 0;
  int tenant = -1;  // whose clients have seen it
};

struct Scene {
  DrainRun run;
  std::deque<Said> said;
  // At the providers, by who asks and where. Whom its client, or the answer of the other, has taken
  // away does not count: the gateway hears of that first.
  std::set<std::pair<std::uint32_t, std::size_t>> under_way;
  std::set<std::uint32_t> over;
  std::uint32_t asked = 0;
  bool ending = false;  // nobody asks again

  void end(std::uint32_t asker) {
    over.insert(asker);
    for (const std::size_t provider : kProviders)
      under_way.erase({asker, provider});
  }
};

// --- a provider ----------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  Provider(Scene& scene, std::size_t place, std::shared_ptr<Peer> peer)
      : AnsweringProvider(std::move(peer), Hears::resets_too), scene_(scene), place_(place) {}

 private:
  void on_request(const Message& message) override {
    serve(number_behind(message.value("x-request-id"), "asker-"), number_behind(message.body, "Q"),
          message.body.find(kKept) != std::string::npos);
  }

  void serve(std::uint32_t asker, std::uint32_t question, bool limited) {
    asker_ = asker;
    if (limited && !scene_.over.contains(asker)) scene_.under_way.insert({asker, place_});
    if (scene_.under_way.size() > kRoom) {
      World::current().violation("more at one time than the route has room for");
    }
    // Longer than a hedge waits, now and then.
    const milliseconds thought(dice().one_in(2) ? 30 + dice().below(200) : 2 + dice().below(20));
    World::current().after(thought, [this, asker, question] {
      if (asker_ == asker) answer(question);
    });
  }

  void answer(std::uint32_t question) {
    const std::uint32_t asker = std::exchange(asker_, kNobody);
    scene_.under_way.erase({asker, place_});
    if (dice().one_in(10)) {
      peer().write(json_answer("503 Sorry", R"({"error":{"message":"no"}})"));
      return;
    }
    scene_.end(asker);
    scene_.said.push_back({.question = question});
    peer().write(json_answer("200 OK", chat_completion(fmt::format("S{}.", scene_.said.size() - 1),
                                                       fmt::format("Q{}.", question))));
  }

  void on_over() override { scene_.under_way.erase({std::exchange(asker_, kNobody), place_}); }

  static constexpr std::uint32_t kNobody = UINT32_MAX;

  Scene& scene_;
  std::size_t place_;
  std::uint32_t asker_ = kNobody;
};

// --- clients -------------------------------------------------------------------------------------

class Client final : public AskingClient {
 public:
  Client(Scene& scene, int tenant, TlsWorld* tls)
      : AskingClient(tls), scene_(scene), tenant_(tenant) {}

 private:
  [[nodiscard]] bool wants_more() const override { return !scene_.ending; }

  std::string question() override {
    number_ = ++scene_.asked;
    if (number_ == kRequests) scene_.ending = true;
    ++scene_.run.requests;
    question_ = static_cast<std::uint32_t>(dice().below(kQuestions));
    return chat_request(tenant_ == 0 ? kClientKey : kOtherClientKey,
                        fmt::format(R"({{"model":"{}","max_tokens":9,"messages":["Q{}."]}})",
                                    dice().one_in(3) ? kHedged : kKept, question_),
                        fmt::format("X-Request-Id: asker-{:06}\r\n", number_));
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(12)) return std::nullopt;
    return milliseconds(dice().below(150));
  }

  void on_left() override {
    ++scene_.run.left;
    scene_.end(number_);
  }

  void on_answer(const Message& message) override {
    scene_.end(number_);
    World& world = World::current();
    if (message.status() == 503) {
      ++scene_.run.failed;
      return;
    }
    const std::uint32_t number = number_behind(message.body, "S");
    if (message.status() != 200 || number >= scene_.said.size()) {
      return world.violation("neither answered nor refused: " + message.head + message.body);
    }
    ++scene_.run.answered;
    Said& said = scene_.said[number];
    if (said.question != question_) world.violation("an answer to another question");
    if (std::exchange(said.tenant, tenant_) == 1 - tenant_) {
      world.violation("another tenant's answer: " + message.head);
    }
  }

  core::Duration pause() override { return milliseconds(1); }

  Scene& scene_;
  int tenant_;
  std::uint32_t number_ = 0;
  std::uint32_t question_ = 0;
};

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : seed_(seed),
        tls_(staged_tls(seed)),
        world_(seed, with_tls(staged_odds(seed), tls_)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .cache = true,
                          .queue_limits = kLimits,
                          .resilience = true,
                          .hedges = true,
                          .drain = seed % 5 < 2,
                          .tls = tls_.get()}) {
    if (tls_ != nullptr) tls_->settled = [this] { return gateway_.reloaded(); };
    for (const std::size_t place : kProviders) {
      serve(world_, place, tls_.get(), [this, place](std::shared_ptr<Peer> peer) {
        providers_.push_back(std::make_unique<Provider>(scene_, place, std::move(peer)));
      });
    }
    world_.watch_rest([this] { gateway_.attend(); });
  }

  DrainRun play() {
    for (std::uint32_t i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<Client>(scene_, static_cast<int>(i % 2), tls_.get()));
      clients_.back()->start();
    }
    run_until(
        world_, gateway_, [this] { return scene_.ending; }, std::chrono::hours(1),
        "requests are held up");
    end();
    run_until_served(world_, gateway_, clients_, std::chrono::minutes(1));
    world_.calm();
    run_to_end(world_, gateway_);
    DrainRun& run = scene_.run;
    run.tried_again = tries() - tries_before_;
    run.given = gateway_.count(net::ShardCount::cache_waits) - given_before_;
    run.at_once = run.queued > 0 && run.hedged > 0 && run.tried_again > 0 && run.given > 0 ? 1 : 0;
    if (tls_ != nullptr) run.tls = tls_->counts();
    run.violations = violations_of(world_, gateway_);
    return run;
  }

 private:
  void end() {
    constexpr milliseconds kMostHaveCome(60);
    if (seed_ % 2 == 0) {
      ++scene_.run.reloads;
      world_.after(milliseconds(world_.random().below(30)), [this] { reload(gateway_, tls_); });
    }
    world_.after(kMostHaveCome, [this] { drain_when_all_have_come(0); });
  }

  // A request that meets the end of its idle connection is nobody's fault. Some clients leave
  // before theirs has come, so that not all that were sent ever do.
  void drain_when_all_have_come(int waits) {
    constexpr int kWaitsMax = 200;
    constexpr milliseconds kWait(5);
    if (gateway_.count(net::ShardCount::requests) < scene_.asked && waits < kWaitsMax) {
      world_.after(kWait, [this, waits] { drain_when_all_have_come(waits + 1); });
      return;
    }
    const Standing standing = gateway_.standing();
    scene_.run.queued = standing.queued;
    scene_.run.hedged = standing.hedged;
    tries_before_ = tries();
    given_before_ = gateway_.count(net::ShardCount::cache_waits);
    gateway_.drain();
  }

  [[nodiscard]] std::uint64_t tries() const {
    return gateway_.count(net::ShardCount::retries) + gateway_.count(net::ShardCount::failovers);
  }

  std::uint64_t seed_;
  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
  World world_;
  Scene scene_;
  std::uint64_t tries_before_ = 0;
  std::uint64_t given_before_ = 0;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

DrainRun run_drain_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
