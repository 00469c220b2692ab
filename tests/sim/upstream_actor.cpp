#include "tests/sim/upstream_actor.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using nlohmann::json;

void violation(std::string what) {
  World::current().violation("provider: " + std::move(what));
}

bool wants_usage(const Message& message) {
  return message.body.find("include_usage") != std::string::npos;
}

}  // namespace

UpstreamActor::UpstreamActor(Ledger& ledger, std::shared_ptr<Peer> peer, bool well_behaved,
                             bool retried, bool hedged)
    : ledger_(ledger),
      peer_(std::move(peer)),
      well_behaved_(well_behaved),
      retried_(retried),
      hedged_(hedged) {
  peer_->on_bytes = [this](std::string_view bytes) { on_bytes(bytes); };
  peer_->on_end = [this] { peer_->finish(); };
  if (World::current().strikes(Fault::slow_peer)) {
    slow_ = true;
    peer_->read_slowly(1 + static_cast<std::size_t>(dice().below(3'000)), 500);
  }
}

void UpstreamActor::on_bytes(std::string_view bytes) {
  if (deaf_ || vanishes(bytes)) return;
  if (reader_.nothing_begun()) begun_at_ = World::current().now();
  reader_.feed(bytes);
  while (auto message = reader_.next()) {
    early_judged_ = false;
    Request* request = judge_head(*message);
    if (request == nullptr) return;
    judge_body(*request, *message);
    if (!std::exchange(answered_early_, false)) serve(*request, *message);
    if (deaf_) return;
  }
  if (!reader_.error().empty()) {
    violation(reader_.error());
    return;
  }
  maybe_answer_early();
}

// A kept connection that ends while the next request is on its way: nobody has read of it.
bool UpstreamActor::vanishes(std::string_view bytes) {
  if (well_behaved_ || served_ == 0 || bytes.empty() || !reader_.nothing_begun()) return false;
  if (!saying_.empty() || !World::current().strikes(Fault::upstream_closes_idle)) return false;
  deaf_ = true;
  if (dice().one_in(2)) {
    peer_->reset();
  } else {
    peer_->finish();
  }
  return true;
}

// --- what came -----------------------------------------------------------------------------------

Request* UpstreamActor::judge_head(const Message& message) {
  const std::string marker = message.value("x-marker");
  std::uint32_t number = 0;
  std::from_chars(marker.data(), marker.data() + marker.size(), number);
  Request* request = marker.empty() ? nullptr : ledger_.find(number);
  if (request == nullptr) {
    violation("a request that nobody sent: " + message.head);
    return nullptr;
  }
  if (poisoned_ && !answered_early_) {
    violation("a request on a connection with bytes left over: " + message.head);
  }
  if (request->refused_with() != 0 && !request->turns_bad()) {
    violation("a request that was to be refused: " + message.head);
  }
  std::string target = request->target;
  if (message.start_line != fmt::format("{} {} HTTP/1.1", request->method, target)) {
    violation("another request line: " + message.start_line);
  }
  const std::size_t credentials = message.count("authorization") + message.count("x-api-key") +
                                  message.count("x-goog-api-key") + message.count("api-key");
  if (credentials != 1 || message.head.find(kProviderKey) == std::string::npos ||
      message.head.find("client-key") != std::string::npos ||
      message.head.find("proxy-key") != std::string::npos) {
    violation("not exactly the provider's credential: " + message.head);
  }
  for (const std::string_view once : {"host", "x-marker", "x-request-id"}) {
    if (message.count(once) != 1) violation(fmt::format("not one {}: {}", once, message.head));
  }
  request->seen_id = message.value("x-request-id");
  if (message.value("x-forwarded-for") != request->from || message.count("x-forwarded-for") > 1) {
    violation(fmt::format("not from {}: {}", request->from, message.head));
  }
  for (const std::string_view never : {"connection", "keep-alive", "expect", "te"}) {
    if (message.count(never) != 0) violation(fmt::format("{} passed on: {}", never, message.head));
  }
  return request;
}

void UpstreamActor::judge_body(Request& request, const Message& message) {
  if (request.turns_bad()) {
    violation("a body that is bad was made whole");
    return;
  }
  const bool edited = request.call == Call::chat || request.call == Call::chat_stream;
  if (!edited) {
    if (message.body != request.body) {
      violation(fmt::format("another body of request {}: {} bytes of {}", request.number,
                            message.body.size(), request.body.size()));
    }
  } else {
    json expected = json::parse(request.body);
    if (expected["model"] == "alias-sim") expected["model"] = "gpt-real";
    if (request.stream) expected["stream_options"]["include_usage"] = true;
    const json got = json::parse(message.body, nullptr, false);
    if (got != expected) violation(fmt::format("another body of request {}", request.number));
  }
  // Who reads slowly may come to a request that was long given up and answered elsewhere.
  if (request.seen > 0 && begun_at_ > request.answer_begun_at && !slow_) {
    ++ledger_.late_arrivals;
    if (!hedged_) {
      violation(
          fmt::format("request {} was sent again although its client has something of an answer",
                      request.number));
    }
  }
  if (request.seen > 0 && !request.replay_allowed && !retried_) {
    violation(fmt::format("request {} was sent again without need", request.number));
  }
  // Four tries, each of which may be replayed once.
  constexpr std::uint32_t kSeenMax = 8;
  if (++request.seen > (retried_ ? kSeenMax : 2))
    violation(fmt::format("request {} was sent again twice", request.number));
  request.replay_allowed = false;
}

// --- what is answered ----------------------------------------------------------------------------

void UpstreamActor::serve(Request& request, const Message& message) {
  World& world = World::current();
  const bool kept = served_++ > 0;
  last_ = &request;
  if (kept && !well_behaved_ && world.strikes(Fault::upstream_closes_idle)) {
    request.replay_allowed = true;
    die();
    return;
  }
  if (!well_behaved_ && answer_badly(request)) return;
  if (!well_behaved_ && world.strikes(Fault::upstream_thinks)) {
    constexpr std::uint64_t kThoughtMillisMax = 400;
    world.after(std::chrono::milliseconds(dice().below(kThoughtMillisMax)),
                [this, &request, usage = wants_usage(message)] {
                  if (!deaf_) answer(request, usage);
                });
    return;
  }
  answer(request, wants_usage(message));
}

// --- saying it -----------------------------------------------------------------------------------

void UpstreamActor::say(std::string bytes) {
  const std::uint64_t pieces = dice().one_in(3) ? 1 + dice().below(6) : 1;
  for (std::uint64_t i = 1; i < pieces && bytes.size() > 1; ++i) {
    const auto size = static_cast<std::size_t>(1 + dice().below(bytes.size() - 1));
    saying_.push_back(bytes.substr(0, size));
    bytes.erase(0, size);
  }
  saying_.push_back(std::move(bytes));
  if (!saying_planned_) say_next();
}

void UpstreamActor::say_next() {
  saying_planned_ = !saying_.empty();
  if (saying_.empty()) {
    if (ends_) peer_->finish();
    return;
  }
  peer_->write(std::move(saying_.front()));
  saying_.pop_front();
  World::current().after(World::current().some_delay(), [this] { say_next(); });
}

void UpstreamActor::end_after() {
  ends_ = true;
  if (!saying_planned_) say_next();
}

// What was said may be lost with it: then the last request may be sent again.
void UpstreamActor::reset() {
  if (last_ != nullptr && served_ > 1) last_->replay_allowed = true;
  peer_->reset();
}

void UpstreamActor::die() {
  deaf_ = true;
  if (World::current().strikes(Fault::peer_resets)) {
    reset();
  } else {
    if (last_ != nullptr && served_ > 1) last_->replay_allowed = true;
    peer_->finish();
  }
}

}  // namespace headrace::sim
