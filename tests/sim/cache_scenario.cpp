#include "tests/sim/cache_scenario.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
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

constexpr std::uint32_t kQuestions = 5;
constexpr std::uint32_t kClients = 14;
constexpr std::uint32_t kRequestsEach = 25;
// Some read slowly, and nobody else may have to wait for it.
constexpr std::uint32_t kBlocksForAll = 512;

enum class Kind : std::uint8_t { good, refused, failed, broken };

// What the provider has said, by the number that stands in it.
struct Said {
  std::uint32_t question = 0;
  bool stream = false;
  Kind kind = Kind::good;
  std::string body;  // as the client must see it
  int tenant = -1;   // whose clients have seen it
  std::uint32_t seen = 0;
};

std::string question_body(std::uint32_t question, bool stream) {
  return fmt::format(R"({{"model":"kept-sim","stream":{},"messages":["Q{}."]}})", stream, question);
}

class Scene {
 public:
  std::deque<Said> said;
  CacheRun run;
  bool draining = false;  // who comes now may find nobody

  Said& say(std::uint32_t question, bool stream);
};

Said& Scene::say(std::uint32_t question, bool stream) {
  ++run.fetched;
  Said& answer = said.emplace_back();
  const auto number = static_cast<std::uint32_t>(said.size() - 1);
  answer.question = question;
  answer.stream = stream;
  const std::uint64_t kind = dice().below(10);
  answer.kind = kind < 6 ? Kind::good : static_cast<Kind>(kind - 6 > 3 ? 0 : kind - 6);
  if (answer.kind == Kind::failed) {
    answer.body = fmt::format(R"({{"error":{{"message":"S{}. Q{}."}}}})", number, question);
    return answer;
  }
  const std::string_view reason = answer.kind == Kind::refused ? "content_filter" : "stop";
  const std::string filler(static_cast<std::size_t>(dice().below(dice().one_in(8) ? 30'000 : 900)),
                           'x');
  if (!stream) {
    answer.body = fmt::format(
        R"({{"id":"S{}.","choices":[{{"message":{{"content":"Q{}. {}"}},"finish_reason":"{}"}}]}})",
        number, question, filler, reason);
    return answer;
  }
  answer.body = fmt::format(
      "data: {{\"id\":\"S{}.\",\"choices\":[{{\"delta\":{{\"content\":\"Q{}. {}\"}},"
      "\"finish_reason\":null}}]}}\n\n"
      "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{}\"}}]}}\n\ndata: [DONE]\n\n",
      number, question, filler, reason);
  return answer;
}

// --- the provider --------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  Provider(Scene& scene, std::shared_ptr<Peer> peer)
      : AnsweringProvider(std::move(peer)), scene_(scene) {}

 private:
  void on_request(const Message& message) override {
    const std::uint32_t question = number_behind(message.body, "Q");
    const bool stream = message.body.find("\"stream\":true") != std::string::npos;
    Said& answer = scene_.say(question, stream);
    const bool whole = answer.kind != Kind::broken;
    std::string text = fmt::format(
        "HTTP/1.1 {} Fine\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
        answer.kind == Kind::failed ? 400 : 200,
        stream && answer.kind != Kind::failed ? "text/event-stream" : "application/json",
        answer.body.size(), answer.body);
    if (!whole) text.resize(text.size() - 1 - static_cast<std::size_t>(dice().below(40)));
    // While it thinks, others ask the same.
    World::current().after(milliseconds(dice().below(dice().one_in(10) ? 2'500 : 60)),
                           [this, whole, text = std::move(text)] {
                             peer().write(text);
                             if (!whole) peer().finish();
                           });
  }

  Scene& scene_;
};

// --- clients -------------------------------------------------------------------------------------

class Client final : public AskingClient {
 public:
  Client(Scene& scene, int tenant, std::uint32_t requests, TlsWorld* tls)
      : AskingClient(tls), scene_(scene), tenant_(tenant), left_(requests) {}

 private:
  [[nodiscard]] bool wants_more() const override { return left_ > 0; }

  std::string question() override {
    --left_;
    ++scene_.run.requests;
    question_ = static_cast<std::uint32_t>(dice().below(kQuestions));
    stream_ = dice().one_in(3);
    return chat_request(tenant_ == 0 ? kClientKey : kOtherClientKey,
                        question_body(question_, stream_),
                        dice().one_in(8) ? "X-Headrace-Cache: refresh\r\n" : "");
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(7)) return std::nullopt;
    return milliseconds(dice().below(80));
  }

  void on_connected(Peer& peer) override {
    if (dice().one_in(6)) {
      peer.read_slowly(1 + static_cast<std::size_t>(dice().below(4'000)), 400);
    }
  }

  void on_left() override { ++scene_.run.left; }
  void on_answer(const Message& message) override { judge(message, true); }

  void on_nobody_listens() override {
    if (!scene_.draining) World::current().violation("nobody listens");
    left_ = 0;
  }

  // Only an answer that the provider broke off may end so; or one that met the request half-way.
  void on_lost(MessageReader& reader) override {
    if (reader.in_body()) {
      judge(reader.partial(), false);
    } else if (!scene_.draining) {
      World::current().violation("a connection ended without an answer");
    }
  }

  void judge(const Message& message, bool whole) {
    World& world = World::current();
    const bool hit = message.value("x-cache") == "HIT";
    scene_.run.hits += hit ? 1U : 0U;
    const std::uint32_t number = number_behind(message.body, "S");
    if (number >= scene_.said.size()) {
      // The gateway's own words: the provider broke off before it had said anything that counts.
      if (hit || message.status() == 200) {
        if (whole) world.violation("an answer that nobody gave: " + message.head);
      }
      return;
    }
    Said& said = scene_.said[number];
    if (said.question != question_ || said.stream != stream_) {
      world.violation("an answer to another question: " + message.head);
    }
    if (said.tenant >= 0 && said.tenant != tenant_) {
      world.violation("another tenant's answer: " + message.head);
    }
    said.tenant = tenant_;
    if (++said.seen > 1 && said.kind != Kind::good) {
      world.violation("an answer that is nobody else's: " + message.head);
    }
    if (hit && (said.kind != Kind::good || !whole)) {
      world.violation("an answer from the cache that is not good: " + message.head);
    }
    if (whole && said.kind == Kind::good && message.body != said.body) {
      world.violation("other bytes: " + message.head);
    }
    if (!whole && said.kind != Kind::broken) {
      world.violation("an answer was cut without need: " + message.head);
    }
  }

  Scene& scene_;
  int tenant_;
  std::uint32_t left_;
  std::uint32_t question_ = 0;
  bool stream_ = false;
};

FaultOdds odds_of(std::uint64_t seed) {
  if (seed % 3 == 0) return {};
  FaultOdds odds = usual_odds();
  for (const Fault fault : {Fault::slow_send, Fault::stage_waits})
    odds[static_cast<std::size_t>(std::to_underlying(fault))] = 8;
  return odds;
}

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : seed_(seed),
        tls_(staged_tls(seed)),
        world_(seed, with_tls(odds_of(seed), tls_)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .cache = true,
                          .hedges = seed % 2 == 1,
                          .drain = seed % 5 < 2,
                          .tls = tls_.get(),
                          .tls_blocks = kBlocksForAll}) {
    constexpr std::size_t kSpare = 3;
    if (tls_ != nullptr) tls_->settled = [this] { return gateway_.reloaded(); };
    for (const std::size_t index : {std::size_t{0}, kSpare}) {
      serve(world_, index, tls_.get(), [this](std::shared_ptr<Peer> peer) {
        providers_.push_back(std::make_unique<Provider>(scene_, std::move(peer)));
      });
    }
    world_.watch_rest([this] { gateway_.attend(); });
  }

  CacheRun play() {
    for (std::uint32_t i = 0; i < kClients; ++i) {
      clients_.push_back(
          std::make_unique<Client>(scene_, static_cast<int>(i % 2), kRequestsEach, tls_.get()));
      clients_.back()->start();
    }
    // A process that drains reads its config no more.
    if (seed_ % 4 == 0) {
      world_.after(milliseconds(300), [this] {
        if (!scene_.draining) reload(gateway_, tls_);
      });
    }
    // In the middle of everything: whoever waits for another's answer is served, and it ends.
    if (seed_ % 7 == 3) {
      world_.after(milliseconds(world_.random().below(600)), [this] {
        scene_.draining = true;
        gateway_.drain();
      });
    }
    run_until_served(world_, gateway_, clients_, std::chrono::hours(1));
    drain_to_end(world_, gateway_);
    scene_.run.violations = violations_of(world_, gateway_);
    scene_.run.waits = gateway_.count(net::ShardCount::cache_waits);
    scene_.run.hedges = gateway_.count(net::ShardCount::hedges);
    if (tls_ != nullptr) scene_.run.tls = tls_->counts();
    return scene_.run;
  }

 private:
  std::uint64_t seed_;
  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
  World world_;
  Scene scene_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

CacheRun run_cache_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
