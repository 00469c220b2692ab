#include "tests/sim/pool_scenario.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/incarnation.h"
#include "core/limits/calendar_ledger.h"
#include "core/shared_region.h"
#include "net/journal/journal.h"
#include "tests/net/journal/journal_geometry.h"
#include "tests/net/journal/memory_files.h"
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
using std::chrono::seconds;

constexpr std::size_t kTenants = 8;
constexpr std::size_t kLives = 4;
constexpr std::int64_t kTokensOfAnAnswer = 8;
// Of limits, in each life's table.
constexpr std::array<std::uint32_t, 4> kTableSizes = {64, 192, 1'000, 65};
constexpr std::string_view kWindows[] = {"total", "day", "month"};

struct Tenant {
  std::int64_t limit = 0;
  std::int64_t answered = 0;
  bool exhausted = false;  // in this life it has been refused
};

struct Scene {
  PoolRun run;
  std::array<Tenant, kTenants> tenants;
};

std::string tenant_key(std::size_t tenant) {
  return fmt::format("key-of-tenant-{}-0123456789abcdef", tenant);
}

// Tenants in the order of this life, some with limits that others do not have.
std::string tenants_text(const Scene& scene, std::size_t life) {
  std::string yaml;
  for (std::size_t i = 0; i < kTenants; ++i) {
    const std::size_t tenant = (i * 3 + life) % kTenants;
    yaml += fmt::format("\n  - name: pool-{}\n    limits:", tenant);
    if ((tenant + life) % 2 == 0) yaml += "\n      - {measure: requests, per: hour, value: 100000}";
    yaml += fmt::format(
        "\n      - {{measure: requests, per: {}, value: {}}}"
        "\n      - {{measure: tokens, per: month, value: 1000000000, action: soft}}",
        kWindows[tenant % std::size(kWindows)], scene.tenants[tenant].limit);
  }
  return yaml;
}

std::string keys_text(std::size_t life) {
  std::string yaml;
  for (std::size_t i = 0; i < kTenants; ++i) {
    const std::size_t tenant = (i * 5 + life) % kTenants;
    yaml += fmt::format("\n  - {{name: pool-{0}, key: {1}, tenant: pool-{0}}}", tenant,
                        tenant_key(tenant));
  }
  return yaml;
}

// --- actors --------------------------------------------------------------------------------------

class Provider final : public AnsweringProvider {
 public:
  using AnsweringProvider::AnsweringProvider;

 private:
  void on_request(const Message&) override {
    World::current().after(milliseconds(1 + dice().below(20)), [this] {
      peer().write(json_answer("200 OK", chat_completion("x", "x")));
    });
  }
};

// Asks for one tenant, one request after the other.
class Client final : public AskingClient {
 public:
  Client(Scene& scene, std::size_t tenant, std::uint64_t requests, TlsWorld* tls)
      : AskingClient(tls), scene_(scene), tenant_(tenant), left_(requests) {}

 private:
  [[nodiscard]] bool wants_more() const override { return left_ > 0; }

  std::string question() override {
    --left_;
    return chat_request(
        tenant_key(tenant_),
        R"({"model":"gpt-sim","max_tokens":9,"messages":[{"role":"user","content":"x"}]})");
  }

  void on_answer(const Message& message) override { judge(message.status(), message.body); }

  void judge(int status, std::string_view body) {
    Tenant& tenant = scene_.tenants[tenant_];
    if (status == 200) {
      ++scene_.run.answered;
      if (++tenant.answered > tenant.limit || tenant.exhausted) {
        World::current().violation(fmt::format("tenant {} is served {} times instead of {}",
                                               tenant_, tenant.answered, tenant.limit));
      }
      return;
    }
    ++scene_.run.refused;
    tenant.exhausted = true;
    if (status != 429 || tenant.answered < tenant.limit) {
      World::current().violation(fmt::format("tenant {} is refused after {} of {}: {} {}", tenant_,
                                             tenant.answered, tenant.limit, status, body));
    }
  }

  Scene& scene_;
  std::size_t tenant_;
  std::uint64_t left_;
};

// --- one life ------------------------------------------------------------------------------------

class Life {
 public:
  Life(std::uint64_t seed, std::size_t life, Scene& scene, net::MemoryFiles& files)
      : scene_(scene),
        files_(files),
        last_(life + 1 == kLives),
        tls_(staged_tls(seed * kLives + life)),
        world_(seed * kLives + life, with_tls(seed % 2 == 0 ? FaultOdds{} : usual_odds(), tls_)),
        shards_(1 + static_cast<std::uint32_t>((seed + life) % 3)),
        limits_({.entries = kTableSizes[(seed + life) % kTableSizes.size()],
                 .blocks = 64,
                 .shards = shards_}),
        ledger_(limits_.memory(), 0, {.monotonic = world_.now(), .wall = world_.wall_now()}),
        region_(core::SharedRegion::make_anonymous(net::journal_geometry(1), world_.wall_now(),
                                                   100 + life)
                    .value()),
        incarnation_(core::Incarnation::claim(region_, world_.wall_now()).value()),
        journal_(
            net::Journal::open(files, {}, region_, &incarnation_, {}, world_.wall_now()).value()) {
    std::vector<core::PoolSpent> before;
    HEADRACE_CHECK(journal_->set_pools(ledger_).has_value(), "pools have room");
    ledger_.collect(before);
    ledger_.collect_all_again();
    scene_.run.restored += before.size();
    const std::string tenants = tenants_text(scene, life);
    const std::string keys = keys_text(life);
    gateway_.emplace(world_, GatewayOptions{.shards = shards_,
                                            .more_tenants = tenants,
                                            .more_keys = keys,
                                            .limits = &limits_,
                                            .tls = tls_.get()});
    serve(world_, 0, tls_.get(), [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(std::move(peer)));
    });
    world_.watch_rest([this] { gateway_->attend(); });
    keep_journal();
  }

  void play() {
    for (std::size_t tenant = 0; tenant < kTenants; ++tenant) {
      Tenant& each = scene_.tenants[tenant];
      each.exhausted = false;
      const auto left = static_cast<std::uint64_t>(each.limit - each.answered);
      const std::uint64_t requests = last_ ? left + 3 : 1 + dice().below(left / 2 + 5);
      clients_.push_back(std::make_unique<Client>(scene_, tenant, requests, tls_.get()));
      clients_.back()->start();
    }
    run_until_served(world_, *gateway_, clients_, std::chrono::hours(1));
    if (last_) judge_tenants();
    drain_to_end(world_, *gateway_);
    end();
  }

  [[nodiscard]] std::vector<std::string> violations() { return violations_of(world_, *gateway_); }

 private:
  void keep_journal() {
    world_.after(milliseconds(50 + dice().below(200)), [this] {
      if (ended_) return;
      HEADRACE_CHECK(journal_->step(world_.now(), world_.wall_now()), "the disk takes everything");
      keep_journal();
    });
  }

  void judge_tenants() {
    for (std::size_t i = 0; i < kTenants; ++i) {
      const Tenant& tenant = scene_.tenants[i];
      if (tenant.answered != tenant.limit) {
        world_.violation(
            fmt::format("tenant {} was served {} times of {}", i, tenant.answered, tenant.limit));
      }
    }
  }

  // Of the last life: what its month's limits have counted over all lives.
  void judge_tokens() {
    for (std::size_t i = 0; i < kTenants; ++i) {
      const std::int64_t used =
          gateway_->used_of_key(fmt::format("pool-{}", i), LimitMeasure::tokens);
      const std::int64_t answered = scene_.tenants[i].answered * kTokensOfAnAnswer;
      if (used != answered) {
        world_.violation(
            fmt::format("tenant {}: {} tokens of its month, {} were told", i, used, answered));
      }
    }
  }

  // The disk has what was there a moment ago; then there is an end, or there is no power.
  void end() {
    ended_ = true;
    if (tls_ != nullptr) add(scene_.run.tls, tls_->counts());
    if (last_) judge_tokens();
    (void)journal_->step(world_.now() + seconds(1), world_.wall_now());
    if (dice().one_in(2)) {
      ++scene_.run.power_failures;
      files_.lose_power();
    } else {
      journal_->close(world_.wall_now());
    }
    incarnation_.finish();
  }

  Scene& scene_;
  net::MemoryFiles& files_;
  bool last_;
  bool ended_ = false;
  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
  World world_;
  std::uint32_t shards_;
  core::LimitWorld limits_;
  core::CalendarLedger ledger_;
  core::SharedRegion region_;
  core::Incarnation incarnation_;
  std::unique_ptr<net::Journal> journal_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::optional<Gateway> gateway_;
};

// All that lives in a run: its lives one after the other.
class Stage {
 public:
  explicit Stage(std::uint64_t seed) : seed_(seed) {}

  PoolRun play() {
    for (std::size_t i = 0; i < kTenants; ++i)
      scene_.tenants[i].limit = static_cast<std::int64_t>(12 + 5 * i + seed_ % 7);
    for (std::size_t number = 0; number < kLives; ++number) {
      if (number > 0) raise_one(number);
      life_ = std::make_unique<Life>(seed_, number, scene_, files_);
      life_->play();
      scene_.run.violations = life_->violations();
      if (!scene_.run.violations.empty()) break;
      life_.reset();
    }
    return scene_.run;
  }

 private:
  void raise_one(std::size_t number) {
    ++scene_.run.raised;
    scene_.tenants[(seed_ + number) % kTenants].limit += 7;
  }

  std::uint64_t seed_;
  Scene scene_;
  net::MemoryFiles files_;
  std::unique_ptr<Life> life_;
};

}  // namespace

PoolRun run_pool_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
