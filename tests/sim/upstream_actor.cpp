#include "tests/sim/upstream_actor.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using nlohmann::json;

constexpr std::size_t kPoisonAnswerBytesMax = 600;

core::Random& dice() {
  return World::current().random();
}

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
  if (request->refused_with() != 0 && request->call != Call::bad_chunk) {
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
  if (message.value("x-forwarded-for") != request->from || message.count("x-forwarded-for") > 1) {
    violation(fmt::format("not from {}: {}", request->from, message.head));
  }
  for (const std::string_view never : {"connection", "keep-alive", "expect", "te"}) {
    if (message.count(never) != 0) violation(fmt::format("{} passed on: {}", never, message.head));
  }
  return request;
}

void UpstreamActor::judge_body(Request& request, const Message& message) {
  if (request.call == Call::bad_chunk) {
    violation("a body with broken framing was made whole");
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

bool UpstreamActor::answer_badly(Request& request) {
  World& world = World::current();
  if (world.strikes(Fault::upstream_stalls)) {
    deaf_ = true;
    if (dice().one_in(2)) {
      const std::string whole = write_answer(request, request.answer, false);
      ends_ = false;  // it stalls, whatever its head says of the connection
      say(whole.substr(0, static_cast<std::size_t>(dice().below(whole.size()))));
    }
    return true;
  }
  if (retried_ && request.method == "POST" && world.strikes(Fault::upstream_refuses)) {
    refuse();
    return true;
  }
  if (world.strikes(Fault::upstream_garbage)) {
    constexpr std::string_view kGarbage[] = {
        "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\x16\x03\x01\x02",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"};
    deaf_ = true;
    const std::string_view text =
        kGarbage[static_cast<std::size_t>(dice().below(std::size(kGarbage)))];
    say(std::string(text));
    if (dice().one_in(2)) end_after();
    return true;
  }
  if (world.strikes(Fault::upstream_breaks)) {
    deaf_ = true;
    const std::string whole = write_answer(request, request.answer, true);
    // Often before its first byte: that is where it must be known who may be asked again.
    const auto cut =
        dice().one_in(6) ? std::size_t{0} : static_cast<std::size_t>(dice().below(whole.size()));
    if (cut == 0) {
      // Nothing of an answer: on a kept connection it may be tried again.
      request.replay_allowed = served_ > 1;
      die();
      return true;
    }
    if (frames_by_close_) request.truncation_invisible = true;
    say(whole.substr(0, cut));
    if (world.strikes(Fault::peer_resets)) {
      world.after(world.some_delay(), [this] { reset(); });
    } else {
      end_after();
    }
    return true;
  }
  return false;
}

// A failure, whole or not, that has nothing of the answer in it.
void UpstreamActor::refuse() {
  constexpr std::string_view kStatuses[] = {"401", "403", "408", "429", "500", "503", "529"};
  constexpr std::string_view kHints[] = {"", "retry-after-ms: 40\r\n", "retry-after: 1\r\n",
                                         "x-should-retry: false\r\n", "retry-after: 4\r\n"};
  const std::string body =
      dice().one_in(6)
          ? std::string(static_cast<std::size_t>(dice().below(60'000)), ' ')
          : R"({"error":{"type":"overloaded_error","details":[{"retryDelay":"0.05s"}]}})";
  const auto status = kStatuses[static_cast<std::size_t>(dice().below(std::size(kStatuses)))];
  const auto hint = kHints[static_cast<std::size_t>(dice().below(std::size(kHints)))];
  const std::string whole = fmt::format(
      "HTTP/1.1 {} Sorry\r\n{}Content-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      status, hint, body.size(), body);
  if (dice().one_in(2)) {
    say(whole);
    return;
  }
  deaf_ = true;
  say(whole.substr(0, 1 + static_cast<std::size_t>(dice().below(whole.size()))));
  if (dice().one_in(2)) end_after();
}

void UpstreamActor::answer(Request& request, bool usage_wanted) {
  std::string body = request.answer;
  if (usage_wanted && !request.usage_event.empty()) {
    body.insert(request.usage_at, request.usage_event);
  }
  // Not with an early answer: the rest of its own request would look like the next one.
  if (!well_behaved_ && !answered_early_ && dice().one_in(60) && !request.stream &&
      request.answer_has_body() && body.size() < kPoisonAnswerBytesMax) {
    // All in one piece, read in one piece: the gateway cannot but see what is left over.
    poisoned_ = true;
    if (const auto socket = peer_->socket.lock()) socket->short_reads = false;
    peer_->write_whole(
        fmt::format("HTTP/1.1 {} Fine\r\nContent-Type: application/json\r\n"
                    "X-Answer: {}\r\nContent-Length: {}\r\n\r\n{}HTTP/1.1 200 OK\r\n",
                    request.answer_status, request.number, body.size(), body));
    return;
  }
  if (!well_behaved_ && dice().one_in(8)) {
    for (std::uint64_t i = 1 + dice().below(3); i > 0; --i) {
      say(dice().one_in(2) ? "HTTP/1.1 100 Continue\r\n\r\n"
                           : "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
    }
  }
  say(write_answer(request, body, true));
  if (frames_by_close_ || ends_) {
    deaf_ = true;
    end_after();
  } else if (!well_behaved_ && dice().one_in(40)) {
    World& world = World::current();
    world.after(world.some_delay() + std::chrono::milliseconds(dice().below(30)), [this] {
      if (saying_.empty()) die();
    });
  }
}

// An answer before the request is whole.
void UpstreamActor::maybe_answer_early() {
  if (early_judged_ || well_behaved_ || !reader_.in_body()) return;
  early_judged_ = true;
  if (retried_ && dice().one_in(20)) {
    die();
    return;
  }
  if (!dice().one_in(10)) return;
  Request* request = judge_head(reader_.partial());
  if (request == nullptr || request->call == Call::bad_chunk || request->stream) return;
  deaf_ = dice().one_in(2);
  answered_early_ = true;
  answer(*request, false);
}

std::string UpstreamActor::write_answer(Request& request, std::string_view body, bool may_close) {
  frames_by_close_ = false;
  const bool stream = request.stream && request.answer_status == 200;
  std::string head = fmt::format("HTTP/1.1 {} Fine\r\n", request.answer_status);
  head += stream                         ? "Content-Type: text/event-stream\r\n"
          : request.call == Call::speech ? "Content-Type: application/octet-stream\r\n"
                                         : "Content-Type: application/json\r\n";
  head += fmt::format("X-Answer: {}\r\nConnection: {}\r\n", request.number,
                      dice().one_in(30) ? (ends_ = true, "close") : "keep-alive");
  if (!request.answer_has_body()) {
    // What it would have been, or nothing. Never content: that belongs to no answer.
    if (request.answer_status == 204) return head + "\r\n";
    if (request.method == "HEAD" && dice().one_in(3))
      head += "Transfer-Encoding: chunked\r\n";
    else if (dice().one_in(2))
      head += fmt::format("Content-Length: {}\r\n", dice().below(1'000'000));
    return head + "\r\n";
  }
  frames_by_close_ = may_close && !well_behaved_ && dice().one_in(20);
  if (frames_by_close_) return head + "\r\n" + std::string(body);
  if (stream ? !dice().one_in(10) : dice().one_in(3)) {
    return head + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body);
  }
  return head + fmt::format("Content-Length: {}\r\n\r\n", body.size()) + std::string(body);
}

std::string UpstreamActor::chunked(std::string_view body) {
  std::string out;
  const bool tiny = dice().one_in(8) && body.size() < 2'000;
  while (!body.empty()) {
    auto size = static_cast<std::size_t>(1 + dice().below(tiny ? 3 : 3'000));
    size = std::min(size, body.size());
    if (dice().one_in(4)) {
      out += fmt::format("{:06X}; name=\"a value\"\r\n", size);
    } else {
      out += fmt::format("{:x}\r\n", size);
    }
    out += body.substr(0, size);
    out += "\r\n";
    body.remove_prefix(size);
  }
  out +=
      dice().one_in(4) ? "0;end\r\nX-Trailer: dropped\r\nContent-Length: 7\r\n\r\n" : "0\r\n\r\n";
  return out;
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
