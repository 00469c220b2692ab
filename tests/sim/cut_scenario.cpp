#include "tests/sim/cut_scenario.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "policy/record/usage_record.h"
#include "tests/sim/actor_words.h"
#include "tests/sim/answering_provider.h"
#include "tests/sim/asking_client.h"
#include "tests/sim/cut_judge.h"
#include "tests/sim/dice.h"
#include "tests/sim/gateway.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/staged_run.h"
#include "tests/sim/stream_ask.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using policy::UsageSource;
using std::chrono::milliseconds;

constexpr std::uint32_t kClients = 8;
constexpr std::uint32_t kRequestsEach = 16;
constexpr std::string_view kCappedKey = "client-key-of-the-capped-01234567";
// Of a tenant with a hard limit, so that each of its requests has a cap, and which never ends.
constexpr std::string_view kTenant =
    "\n  - {name: capped, limits: [{measure: tokens, per: total, value: 1000000000}]}";
constexpr std::string_view kKey =
    "\n  - {name: capped, key: client-key-of-the-capped-01234567, tenant: capped}";

struct Scene {
  CutRun run;
  std::deque<StreamAsk> asks;

  StreamAsk& of(std::string_view request_id) {
    return asks.at(number_behind(request_id, kStreamMark));
  }
};

// --- a provider ----------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  Provider(Scene& scene, std::shared_ptr<Peer> peer)
      : AnsweringProvider(std::move(peer), Hears::resets_too), scene_(scene) {}

 private:
  void on_request(const Message& message) override {
    ask_ = &scene_.of(message.value("x-request-id"));
    ask_->asked = true;
    const StreamWire wire = ask_->script.plan.wire;
    const bool openai = wire == StreamWire::chat || wire == StreamWire::completions;
    if (openai && message.body.find("include_usage") == std::string::npos) {
      World::current().violation("a provider is not asked for usage: " + message.body);
    }
    breaks_at_ = ask_->breaks ? dice().below(ask_->answer.size()) : ask_->answer.size();
    ask_->said_bytes = 0;
    peer().write(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
                    ask_->script.is_array() ? "application/json" : "text/event-stream"));
    World::current().after(World::current().some_delay(), [this] { say_next(); });
  }

  void say_next() {
    if (ask_ == nullptr) return;
    std::size_t& at = ask_->said_bytes;
    const std::size_t bytes =
        std::min(1 + static_cast<std::size_t>(dice().below(dice().one_in(3) ? 3'000 : 400)),
                 breaks_at_ - at);
    if (bytes > 0) {
      peer().write(
          fmt::format("{:x}\r\n{}\r\n", bytes, std::string_view(ask_->answer).substr(at, bytes)));
      at += bytes;
    }
    if (at < breaks_at_) {
      World::current().after(World::current().some_delay(), [this] { say_next(); });
      return;
    }
    const StreamAsk& ended = *std::exchange(ask_, nullptr);
    if (!ended.breaks) return peer().write("0\r\n\r\n");
    if (dice().one_in(2)) {
      peer().reset();
    } else {
      peer().finish();
    }
  }

  void on_over() override { ask_ = nullptr; }

  Scene& scene_;
  StreamAsk* ask_ = nullptr;  // under way
  std::size_t breaks_at_ = 0;
};

// --- clients -------------------------------------------------------------------------------------

class Client final : public AskingClient {
 public:
  Client(Scene& scene, TlsWorld* tls) : AskingClient(tls), scene_(scene) {}

 private:
  [[nodiscard]] bool wants_more() const override { return left_ > 0; }

  std::string question() override {
    --left_;
    ++scene_.run.requests;
    const auto number = static_cast<std::uint32_t>(scene_.asks.size());
    ask_ = &scene_.asks.emplace_back(some_stream_ask(number));
    return request_of(*ask_, kCappedKey);
  }

  std::optional<core::Duration> patience() override {
    if (!dice().one_in(12)) return std::nullopt;
    return milliseconds(dice().below(60));
  }

  void on_connected(Peer& peer) override {
    if (dice().one_in(4)) peer.read_slowly(500 + dice().below(8'000), 600);
  }

  void on_left() override {
    ++scene_.run.left;
    ask_->outcome = StreamOutcome::left;
  }

  void on_answer(const Message& message) override {
    keep(message, message.status() == 200 ? StreamOutcome::whole : StreamOutcome::failed);
  }

  void on_lost(MessageReader& reader) override {
    if (!reader.in_body()) return World::current().violation("an end without an answer");
    keep(reader.partial(), StreamOutcome::lost);
  }

  void keep(const Message& message, StreamOutcome outcome) {
    ask_->outcome = outcome;
    ask_->body = message.body;
    if (outcome == StreamOutcome::failed && (!ask_->breaks || message.status() < 500)) {
      World::current().violation("not answered: " + message.head + message.body);
    }
  }

  Scene& scene_;
  StreamAsk* ask_ = nullptr;
  std::uint32_t left_ = kRequestsEach;
};

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : tls_(staged_tls(seed)),
        world_(seed, with_tls(staged_odds(seed), tls_)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3),
                          .drain = seed % 5 == 4,
                          .more_tenants = kTenant,
                          .more_keys = kKey,
                          .on_record = [this](const policy::UsageRecord& record) { keep(record); },
                          .tls = tls_.get()}) {
    for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
      serve(world_, i, tls_.get(), [this](std::shared_ptr<Peer> peer) {
        providers_.push_back(std::make_unique<Provider>(scene_, std::move(peer)));
      });
    }
    world_.watch_rest([this] { gateway_.attend(); });
  }

  CutRun play() {
    for (std::uint32_t i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<Client>(scene_, tls_.get()));
      clients_.back()->start();
    }
    run_until_served(world_, gateway_, clients_, std::chrono::hours(1));
    drain_to_end(world_, gateway_);
    CutRun& run = scene_.run;
    if (tls_ != nullptr) run.tls = tls_->counts();
    run.violations = violations_of(world_, gateway_);
    if (run.violations.empty()) judge();
    return run;
  }

 private:
  void keep(const policy::UsageRecord& record) {
    StreamAsk& ask = scene_.of(record.request_id);
    ++ask.records;
    ask.ending = record.ending;
    ask.source = record.usage.source;
    ask.charged = {.input = record.usage.in_total(), .output = record.usage.out_total()};
  }

  void judge() {
    CutRun& run = scene_.run;
    std::int64_t charged = 0;
    for (std::size_t number = 0; number < scene_.asks.size(); ++number) {
      const StreamAsk& ask = scene_.asks[number];
      if (ask.source != UsageSource::none) charged += ask.charged.input + ask.charged.output;
      const std::string complaint = CutJudge(run, ask).judge();
      if (complaint.empty()) continue;
      const auto wire = static_cast<std::size_t>(std::to_underlying(ask.script.plan.wire));
      run.violations.push_back(
          fmt::format("request {}, {}: {}", number, kStreamWireNames[wire], complaint));
    }
    const std::int64_t used = gateway_.used_of_key("capped", policy::config::LimitMeasure::tokens);
    if (used != charged) {
      run.violations.push_back(
          fmt::format("{} tokens by the limit, {} by the records", used, charged));
    }
  }

  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
  World world_;
  Scene scene_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

CutRun run_cut_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
