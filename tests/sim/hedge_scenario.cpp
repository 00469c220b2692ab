#include "tests/sim/hedge_scenario.h"

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

using policy::config::LimitMeasure;
using std::chrono::milliseconds;

constexpr std::uint32_t kClients = 8;
constexpr std::uint32_t kRequestsEach = 50;
// Those of the two that serve the route.
constexpr std::array<std::size_t, 2> kProviders = {0, 3};

struct ProviderLimits {
  std::size_t concurrent;
  std::size_t requests;
};
constexpr ProviderLimits kLimits[] = {{2, 120}, {4, 100'000}, {1, 100'000}, {3, 90}};

std::string limits_text(const ProviderLimits& limits) {
  return fmt::format(
      "[{{measure: concurrent, value: {}}}, {{measure: requests, per: total, value: {}}}, "
      "{{measure: tokens, per: total, value: 1000000000000, action: soft}}]",
      limits.concurrent, limits.requests);
}

// By one provider's own count.
struct Count {
  // By number. Whom its client, or the answer of the other, has taken away does not count: the
  // gateway hears of that first, and lets others have the room before the provider hears of it.
  std::set<std::uint32_t> under_way;
  std::size_t asked = 0;
};

struct Scene {
  HedgeRun run;
  ProviderLimits limits{};
  std::array<Count, kProviders.size()> counts;
  std::set<std::uint32_t> over;  // answered, or left
  std::uint32_t asked = 0;

  void end(std::uint32_t number) {
    over.insert(number);
    for (Count& count : counts)
      count.under_way.erase(number);
  }
};

// --- a provider ----------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  Provider(Scene& scene, Count& count, std::shared_ptr<Peer> peer)
      : AnsweringProvider(std::move(peer), Hears::resets_too), scene_(scene), count_(count) {}

 private:
  void on_request(const Message& message) override {
    const std::uint32_t number = number_behind(message.body, "#");
    number_ = number;
    if (++count_.asked > scene_.limits.requests) {
      World::current().violation("a provider was asked more often than its limit says");
    }
    if (!scene_.over.contains(number)) count_.under_way.insert(number);
    if (count_.under_way.size() > scene_.limits.concurrent) {
      World::current().violation("a provider has more at one time than its limit says");
    }
    // Longer than a hedge waits, now and then.
    const milliseconds thought(dice().one_in(3) ? 30 + dice().below(200) : 5 + dice().below(25));
    World::current().after(thought, [this, number] {
      if (number_ == number) answer();
    });
  }

  void answer() {
    const std::uint32_t number = std::exchange(number_, 0);
    const std::uint64_t kind = dice().below(20);
    count_.under_way.erase(number);
    if (kind < 2) {
      say(json_answer("503 Sorry", R"({"error":{"message":"no"}})"));
      return;
    }
    scene_.end(number);
    if (kind == 2) {
      say(json_answer("400 Odd", R"({"error":{"message":"yours"}})"));
      return;
    }
    say(json_answer("200 OK", chat_completion(fmt::format("#{}.", number), "x")));
  }

  // Now and then byte by byte, with time for the other provider to say something in between.
  void say(std::string answer) {
    if (!dice().one_in(4)) return peer().write(answer);
    saying_ = std::move(answer);
    said_ = 0;
    say_next();
  }

  void say_next() {
    if (said_ >= saying_.size()) return;
    peer().write(saying_.substr(said_++, 1));
    World::current().after(std::chrono::microseconds(dice().below(400)), [this] { say_next(); });
  }

  void on_over() override {
    count_.under_way.erase(std::exchange(number_, 0));
    saying_.clear();
  }

  Scene& scene_;
  Count& count_;
  std::uint32_t number_ = 0;  // of the request that is served; 0: none is
  std::string saying_;        // byte by byte
  std::size_t said_ = 0;
};

// --- clients -------------------------------------------------------------------------------------

class Client final : public AskingClient {
 public:
  Client(Scene& scene, TlsWorld* tls) : AskingClient(tls), scene_(scene) {}

 private:
  [[nodiscard]] bool wants_more() const override { return left_ > 0; }

  std::string question() override {
    --left_;
    number_ = ++scene_.asked;
    ++scene_.run.requests;
    return chat_request(
        kClientKey,
        fmt::format(R"({{"model":"gpt-sim","max_tokens":9,"messages":["#{}."]}})", number_));
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(9)) return std::nullopt;
    return milliseconds(dice().below(200));
  }

  void on_left() override {
    ++scene_.run.left;
    scene_.end(number_);
  }

  void on_answer(const Message& message) override {
    scene_.end(number_);
    if (message.status() == 200) {
      ++scene_.run.answered;
      if (message.body.find(fmt::format("#{}.", number_)) == std::string::npos) {
        World::current().violation("somebody else's answer: " + message.body);
      }
    } else if (message.status() == 429) {
      ++scene_.run.turned_away;
    } else if (message.status() != 400 && message.status() != 503) {
      World::current().violation("neither answered nor turned away: " + message.head);
    }
  }

  core::Duration pause() override { return milliseconds(1 + dice().below(40)); }

  Scene& scene_;
  std::uint32_t number_ = 0;
  std::uint32_t left_ = kRequestsEach;
};

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : tls_(staged_tls(seed)),
        world_(seed, with_tls(staged_odds(seed), tls_)),
        limits_text_(limits_text(kLimits[seed % std::size(kLimits)])),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .resilience = true,
                          .hedges = true,
                          .provider_limits = limits_text_,
                          .tls = tls_.get()}) {
    scene_.limits = kLimits[seed % std::size(kLimits)];
    for (std::size_t i = 0; i < kProviders.size(); ++i) {
      serve(world_, kProviders[i], tls_.get(), [this, i](std::shared_ptr<Peer> peer) {
        providers_.push_back(std::make_unique<Provider>(scene_, scene_.counts[i], std::move(peer)));
      });
    }
    world_.watch_rest([this] { gateway_.attend(); });
  }

  HedgeRun play() {
    for (std::uint32_t i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<Client>(scene_, tls_.get()));
      clients_.back()->start();
    }
    run_until_served(world_, gateway_, clients_, std::chrono::hours(1));
    drain_to_end(world_, gateway_);
    judge_limits();
    HedgeRun& run = scene_.run;
    run.hedges = gateway_.count(net::ShardCount::hedges);
    run.hedges_won = gateway_.count(net::ShardCount::hedges_won);
    run.passed_over = gateway_.count(net::ShardCount::targets_passed_over);
    if (tls_ != nullptr) run.tls = tls_->counts();
    run.violations = violations_of(world_, gateway_);
    return run;
  }

 private:
  void judge_limits() {
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < kProviders.size(); ++i) {
      const auto used = [&](LimitMeasure measure) {
        return gateway_.used_of_provider(kProviders[i], measure);
      };
      const auto asked = static_cast<std::int64_t>(scene_.counts[i].asked);
      const std::int64_t requests = used(LimitMeasure::requests);
      // Some may have been on their way when nobody wanted their answer any more.
      const auto unread = static_cast<std::int64_t>(scene_.run.left + scene_.run.hedges);
      if (requests < asked || requests > asked + unread) {
        world_.violation(
            fmt::format("a provider was asked {} times, its limit says {}", asked, requests));
      }
      if (used(LimitMeasure::concurrent) != 0) world_.violation("room of a provider is not back");
      if (std::cmp_equal(requests, scene_.limits.requests)) ++scene_.run.used_up;
      tokens += used(LimitMeasure::tokens);
    }
    const std::uint64_t charged = gateway_.count(net::ShardCount::tokens_charged);
    if (std::cmp_not_equal(tokens, charged)) {
      world_.violation(
          fmt::format("{} tokens by the providers' limits, {} charged", tokens, charged));
    }
  }

  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
  World world_;
  Scene scene_;
  std::string limits_text_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

HedgeRun run_hedge_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
