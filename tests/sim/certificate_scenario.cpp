#include "tests/sim/certificate_scenario.h"

#include <chrono>
#include <deque>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/actor_words.h"
#include "tests/sim/answering_provider.h"
#include "tests/sim/asking_client.h"
#include "tests/sim/dice.h"
#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/peer_tls.h"
#include "tests/sim/staged_run.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::seconds;

constexpr std::uint32_t kReloads = 8;
constexpr std::uint64_t kVisitsMax = 4;  // of each client, between two reloads
constexpr ShownCertificate kShown[] = {ShownCertificate::none,      ShownCertificate::none,
                                       ShownCertificate::customers, ShownCertificate::customers,
                                       ShownCertificate::others,    ShownCertificate::others,
                                       ShownCertificate::strays,    ShownCertificate::strangers};

// Closes every other time, and says so, so that the gateway comes again.
class Provider final : public AnsweringProvider {
 public:
  using AnsweringProvider::AnsweringProvider;

 private:
  void on_request(const Message&) override {
    const bool closes = dice().one_in(2);
    peer().write(
        json_answer(closes ? "200 OK\r\nConnection: close" : "200 OK", chat_completion("x", "x")));
    if (closes) peer().finish();
  }
};

// The same certificate for ever, and the newest session over all reloads.
class Client final : public AskingClient {
 public:
  Client(CertificateRun& run, TlsWorld& tls, ShownCertificate shown)
      : AskingClient(&tls), run_(run), tls_(tls), shown_(shown) {}

  void visit(std::uint64_t times) {
    left_ = times;
    start();
  }

 private:
  [[nodiscard]] bool wants_more() const override { return left_ > 0; }
  bool comes_anew() override { return left_ == 0 || !dice().one_in(3); }

  void put_tls_on(Peer& peer, TlsWorld& tls, TlsMemory& memory) override {
    const bool brings_session = memory.session != nullptr;
    if (brings_session && tls.of_clients() != Certificates::off) ++run_.sessions_in_vain;
    peer.put_on(tls.client_showing(peer, memory, shown_));
  }

  std::string question() override {
    --left_;
    has_key_ = dice().one_in(2);
    return chat_request(has_key_ ? kClientKey : std::string_view(),
                        R"({"model":"gpt-sim","max_tokens":9,"messages":["x"]})");
  }

  // By its certificate alone it is known where one is asked for, and this one stands for a key.
  [[nodiscard]] bool is_customer() const {
    const bool customer =
        shown_ == ShownCertificate::customers || shown_ == ShownCertificate::others;
    return customer && tls_.of_clients() != Certificates::off;
  }

  void on_answer(const Message& message) override {
    const int status = message.status();
    const int expected = has_key_ || is_customer() ? 200 : 401;
    if (status != expected || !tls_.may_come(shown_)) {
      World::current().violation(fmt::format("{} instead of {} for the certificate {}: {}", status,
                                             expected, std::to_underlying(shown_), message.body));
    }
    was_served_ |= status == 200 && is_customer();
    ++(status == 401 ? run_.refused : has_key_ ? run_.served_by_key : run_.served_by_certificate);
  }

  void on_lost(MessageReader& reader) override {
    if (tls_.may_come(shown_)) return AskingClient::on_lost(reader);
    ++run_.turned_away;
    if (was_served_) ++run_.withdrawn;
  }

  CertificateRun& run_;
  TlsWorld& tls_;
  ShownCertificate shown_;
  std::uint64_t left_ = 0;
  bool has_key_ = false;     // the request under way
  bool was_served_ = false;  // by its certificate, once
};

FaultOdds odds_of(std::uint64_t seed) {
  FaultOdds odds = staged_odds(seed);
  odds[static_cast<std::size_t>(std::to_underlying(Fault::signature_slow))] = 8;
  return odds;
}

// All that lives in a run.
class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : world_(seed, odds_of(seed)),
        gateway_(world_, {.shards = 1 + static_cast<std::uint32_t>(seed % 3), .tls = &tls_}) {
    tls_.settled = [this] { return gateway_.reloaded(); };
    tls_.quiet_reloads = true;
    serve(world_, 0, &tls_, [this](std::shared_ptr<Peer> peer) {
      providers_.push_back(std::make_unique<Provider>(std::move(peer)));
    });
    world_.watch_rest([this] { gateway_.attend(); });
    for (const ShownCertificate shown : kShown)
      clients_.push_back(std::make_unique<Client>(run_, tls_, shown));
  }

  CertificateRun play() {
    for (std::uint32_t i = 0; i <= kReloads; ++i) {
      if (i > 0) reload_with_other_demands();
      for (const auto& client : clients_)
        client->visit(1 + dice().below(kVisitsMax));
      run_until_served(world_, gateway_, clients_, std::chrono::minutes(1));
    }
    drain_to_end(world_, gateway_);
    run_.tls = tls_.counts();
    run_.violations = violations_of(world_, gateway_);
    return run_;
  }

 private:
  // With all that was begun at its end, so that everybody meets the one config or the other.
  void reload_with_other_demands() {
    world_.run([] { return false; }, seconds(6));
    constexpr Certificates kAll[] = {Certificates::off, Certificates::optional,
                                     Certificates::required};
    tls_.ask_clients(kAll[dice().below(std::size(kAll))], dice().one_in(2));
    tls_.renew();
    gateway_.reload();
    run_until(
        world_, gateway_, [this] { return gateway_.reloaded(); }, seconds(10),
        "the reload does not end");
  }

  CertificateRun run_;
  TlsWorld tls_{true};
  World world_;
  std::deque<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Client>> clients_;
  Gateway gateway_;
};

}  // namespace

CertificateRun run_certificate_scenario(std::uint64_t seed) {
  return play_on_stage<Stage>(seed);
}

}  // namespace headrace::sim
