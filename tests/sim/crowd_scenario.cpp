#include "tests/sim/crowd_scenario.h"

#include <deque>
#include <memory>
#include <optional>
#include <utility>

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

constexpr std::uint32_t kCrowd = 400;  // of one shard
constexpr std::uint32_t kConnectionsMax = 512;
static_assert(kCrowd > net::TlsWaiting::kSignaturesMax);

class Provider final : public AnsweringProvider {
 public:
  using AnsweringProvider::AnsweringProvider;

 private:
  void on_request(const Message&) override { peer().write(json_answer("200 OK", "{}")); }
};

// One of the crowd: one question.
class Client final : public AskingClient {
 public:
  Client(CrowdRun& run, TlsWorld& tls) : AskingClient(&tls), run_(run) {}

 private:
  [[nodiscard]] bool wants_more() const override { return !asked_; }

  std::string question() override {
    asked_ = true;
    return chat_request(kClientKey, R"({"model":"gpt-sim","max_tokens":9,"messages":["x"]})");
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(10)) return std::nullopt;
    return std::chrono::microseconds(dice().below(40'000));
  }

  void on_left() override { ++run_.left; }

  void on_answer(const Message& message) override {
    ++run_.answered;
    if (message.status() != 200) {
      World::current().violation("one of the crowd is refused: " + message.head);
    }
  }

  CrowdRun& run_;
  bool asked_ = false;
};

FaultOdds odds_of(std::uint64_t seed) {
  FaultOdds odds = seed % 2 == 0 ? FaultOdds{} : usual_odds();
  odds[static_cast<std::size_t>(std::to_underlying(Fault::signature_slow))] = 1;
  return odds;
}

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : world_(seed, odds_of(seed)),
        gateway_(world_,
                 {.tls = &tls_, .tls_blocks = kConnectionsMax, .connections = kConnectionsMax}) {
    tls_.slow_names_one_in = 1;
    serve(world_, 0, &tls_, [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(std::move(peer)));
    });
    world_.watch_rest([this] {
      if (gateway_.signer_is_full()) ++run_.signer_full;
      gateway_.attend();
    });
  }

  CrowdRun play() {
    for (std::uint32_t i = 0; i < kCrowd; ++i) {
      clients_.push_back(std::make_unique<Client>(run_, tls_));
      clients_.back()->start();
    }
    run_until_served(world_, gateway_, clients_, std::chrono::minutes(1));
    drain_to_end(world_, gateway_);
    run_.tls = tls_.counts();
    run_.violations = violations_of(world_, gateway_);
    return run_;
  }

 private:
  CrowdRun run_;
  TlsWorld tls_{false};
  World world_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

CrowdRun run_crowd_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
