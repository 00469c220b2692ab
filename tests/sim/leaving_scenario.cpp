#include "tests/sim/leaving_scenario.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "policy/record/usage_record.h"
#include "tests/sim/actor_words.h"
#include "tests/sim/dice.h"
#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/staged_run.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kRequests = 300;

// Of one request, by its number.
struct Fate {
  bool heard = false;  // a byte of it came to the provider
  bool whole = false;
  bool answered = false;
  bool left = false;
  std::optional<bool> charged;  // by its record
};

struct Scene {
  LeavingRun run;
  std::map<std::uint32_t, Fate> fates;
};

class Provider {
 public:
  Provider(Scene& scene, std::shared_ptr<Peer> peer) : scene_(scene), peer_(std::move(peer)) {
    peer_->on_bytes = [this](std::string_view bytes) { on_bytes(bytes); };
    peer_->on_end = [this] { peer_->finish(); };
    if (dice().one_in(3)) peer_->read_slowly(500 + dice().below(20'000), 800);
  }

 private:
  // The request's number stands in its head, which is asked for as its bytes come.
  void on_bytes(std::string_view bytes) {
    constexpr std::string_view kField = ": leaving-";
    head_.append(bytes.substr(0, head_.size() < 4'096 ? std::string_view::npos : 0));
    for (std::size_t at = head_.find(kField); at != std::string::npos;
         at = head_.find(kField, at + 1)) {
      scene_.fates[number_behind(std::string_view(head_).substr(at), kField)].heard = true;
    }
    reader_.feed(bytes);
    while (auto message = reader_.next()) {
      head_.clear();
      Fate& fate = scene_.fates[number_behind(message->value("x-request-id"), "-")];
      fate.heard = fate.whole = true;
      World::current().after(milliseconds(1 + dice().below(20)), [this] {
        peer_->write(json_answer("200 OK", chat_completion("x", "x")));
      });
    }
    if (!reader_.error().empty()) World::current().violation(reader_.error());
  }

  Scene& scene_;
  std::shared_ptr<Peer> peer_;
  MessageReader reader_{MessageReader::Side::requests};
  std::string head_;
};

// One request, and perhaps gone before its answer.
class Client {
 public:
  Client(Scene& scene, std::uint32_t number) : scene_(scene), number_(number) {}

  void start() {
    peer_ = World::current().connect(Gateway::address());
    if (peer_ == nullptr) return World::current().violation("nobody listens");
    peer_->on_bytes = [this](std::string_view bytes) { on_bytes(bytes); };
    peer_->on_end = [this] { on_over(); };
    peer_->on_reset = peer_->on_end;
    const std::size_t words = dice().one_in(3) ? dice().below(400'000) : dice().below(2'000);
    const std::string body = fmt::format(
        R"({{"model":"gpt-sim","max_tokens":9,"messages":[{{"role":"user","content":"{}"}}]}})",
        std::string(words, 'x'));
    peer_->write(
        chat_request(kClientKey, body, fmt::format("X-Request-Id: leaving-{}\r\n", number_)));
    if (dice().one_in(5)) return;
    // With the last byte, or a little later: most requests are on their way by then.
    if (dice().one_in(4)) return leave();
    const microseconds later(dice().below(dice().one_in(2) ? 2'000 : 12'000));
    World::current().after(later, [this] { leave(); });
  }
  [[nodiscard]] bool done() const { return over_; }

 private:
  void leave() {
    if (over_) return;
    over_ = true;
    scene_.fates[number_].left = true;
    peer_->finish();
  }

  void on_bytes(std::string_view bytes) {
    reader_.feed(bytes);
    while (auto message = reader_.next()) {
      if (message->status() != 200) World::current().violation("not answered: " + message->head);
      scene_.fates[number_].answered = true;
      if (over_) continue;
      over_ = true;
      peer_->finish();
    }
  }

  void on_over() {
    if (!std::exchange(over_, true)) World::current().violation("an end without an answer");
    peer_->finish();
  }

  Scene& scene_;
  std::uint32_t number_;
  std::shared_ptr<Peer> peer_;
  MessageReader reader_{MessageReader::Side::responses};
  bool over_ = false;
};

class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : world_(seed, staged_odds(seed)),
        gateway_(world_,
                 {.shards = 1 + static_cast<std::uint32_t>(seed % 2),
                  .drain = seed % 5 == 4,
                  .on_record = [this](const policy::UsageRecord& record) { keep(record); }}) {
    world_.serve(Gateway::provider_address(0), [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(scene_, std::move(peer)));
    });
    world_.watch_rest([this] { gateway_.attend(); });
  }

  LeavingRun play() {
    for (std::uint32_t number = 1; number <= kRequests; ++number) {
      clients_.push_back(std::make_unique<Client>(scene_, number));
      world_.after(milliseconds(dice().below(3'000)),
                   [client = clients_.back().get()] { client->start(); });
    }
    run_until_served(world_, gateway_, clients_, std::chrono::hours(1));
    world_.run([] { return false; }, std::chrono::seconds(10));
    drain_to_end(world_, gateway_);
    LeavingRun& run = scene_.run;
    run.violations = violations_of(world_, gateway_);
    if (run.violations.empty()) judge();
    return run;
  }

 private:
  void keep(const policy::UsageRecord& record) {
    Fate& fate = scene_.fates[number_behind(record.request_id, "-")];
    fate.charged = record.usage.source != policy::UsageSource::none;
  }

  void judge() {
    LeavingRun& run = scene_.run;
    const auto complain = [&](std::uint32_t number, std::string_view what) {
      run.violations.push_back(fmt::format("request {}: {}", number, what));
    };
    for (const auto& [number, fate] : scene_.fates) {
      const bool charged = fate.charged.value_or(false);
      if (fate.answered) ++run.answered;
      if (fate.whole && !charged) complain(number, "its provider has it whole, and nobody pays");
      if (!fate.heard && charged) complain(number, "nobody heard of it, and it is charged");
      if (!fate.left || fate.answered) continue;
      ++run.left;
      ++(fate.whole ? run.left_whole : fate.heard ? run.left_in_part : run.left_unheard);
      if (!fate.whole && charged) ++run.charged_in_part;
    }
  }

  World world_;
  Scene scene_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

LeavingRun run_leaving_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
