#include "tests/sim/client_actor.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::milliseconds;

core::Random& dice() {
  return World::current().random();
}

// All of it where there is none.
std::string_view before_error_event(std::string_view body) {
  const std::size_t said = body.rfind("broke off");
  if (said == std::string_view::npos || !body.ends_with("\n\n")) return body;
  constexpr std::string_view kName = "event: error\n";
  const std::size_t data = body.rfind("data: ", said);
  if (data == std::string_view::npos) return body;
  const std::string_view before = body.substr(0, data);
  return before.ends_with(kName) ? before.substr(0, before.size() - kName.size()) : before;
}

// Its last event has not come.
bool stream_is_open(const Request& request, std::string_view body) {
  if (!request.stream || request.answer_status != 200) return false;
  for (const std::string_view end : {"\"stop\"", "message_stop", "\"STOP\""}) {
    if (body.find(end) != std::string_view::npos) return false;
  }
  return true;
}

void note_answer(Request& request) {
  request.answer_begun_at = std::min(request.answer_begun_at, World::current().now());
}

// What says nothing but that the stream lives.
std::string without_comments(std::string body) {
  constexpr std::string_view kComment = ": keep-alive\n\n";
  for (std::size_t at = body.find(kComment); at != body.npos; at = body.find(kComment, at))
    body.erase(at, kComment.size());
  return body;
}

bool has_token(const Message& message, std::string_view token) {
  return message.value("connection") == token;
}

}  // namespace

ClientActor::ClientActor(Ledger& ledger, const core::SocketAddress& gateway,
                         const ClientOptions& options)
    : ledger_(ledger),
      gateway_(gateway),
      left_(options.requests),
      well_behaved_(options.well_behaved),
      spared_(options.well_behaved && options.spared),
      stays_(options.stays),
      may_be_late_(options.may_be_late),
      refused_by_providers_(options.refused_by_providers),
      cramped_(options.cramped),
      dawdles_(options.dawdles),
      proxied_(options.proxied) {}

void ClientActor::violation(std::string what) {
  World::current().violation("client: " + std::move(what));
}

std::string ClientActor::state() const {
  std::string text = fmt::format("left {} over {} gone {} closing {} outgoing {} awaiting", left_,
                                 over_, gone_, closing_, outgoing_.size());
  for (const Request* request : awaiting_)
    text += fmt::format(" {}(call {}, seen {})", request->number, static_cast<int>(request->call),
                        request->seen);
  return text;
}

// --- connections ---------------------------------------------------------------------------------

void ClientActor::start() {
  World::current().after(World::current().some_delay(), [this] { connect(); });
}

void ClientActor::connect() {
  World& world = World::current();
  peer_ = world.connect(gateway_);
  if (peer_ == nullptr) {
    done_ = may_be_late_;
    if (!done_) violation("nobody listens");
    return;
  }
  reader_ = std::make_unique<MessageReader>(MessageReader::Side::responses);
  outgoing_.clear();
  ignores_rest_ = pumping_ = planned_ = closing_ = gone_ = over_ = continued_ = awaits_continue_ =
      false;
  leaves_in_bytes_ = SIZE_MAX;
  const std::uint64_t connection = ++connection_;
  peer_->on_bytes = [this, connection](std::string_view bytes) {
    if (connection == connection_) on_bytes(bytes);
  };
  peer_->on_end = [this, connection] {
    if (connection == connection_) on_over(false);
  };
  peer_->on_reset = [this, connection] {
    if (connection == connection_) on_over(true);
  };
  provokes_ = !well_behaved_ && world.strikes(Fault::slow_peer);
  if (provokes_) {
    peer_->read_slowly(1 + static_cast<std::size_t>(dice().below(2'000)),
                       200 + static_cast<std::int64_t>(dice().below(3'000)));
  }
  if (proxied_) {
    introduction_ = introduce(dice(), !well_behaved_);
    provokes_ = provokes_ || introduction_.wrong;
    add(introduction_.bytes);
  }
  send_batch();
}

void ClientActor::go_on() {
  if (over_ || gone_ || planned_ || !awaiting_.empty() || !outgoing_.empty()) return;
  if (left_ == 0 && stays_) {
    done_ = true;
    return;
  }
  if (left_ == 0 || (!well_behaved_ && dice().one_in(30))) {
    leave(false);
    return;
  }
  core::Duration pause = World::current().some_delay();
  // Now and then longer than the gateway keeps idle connections.
  if (!well_behaved_ && dice().one_in(60)) {
    pause = milliseconds(dice().below(8'000));
    provokes_ = true;
  }
  planned_ = true;
  World::current().after(pause, [this, connection = connection_] {
    if (connection != connection_) return;
    planned_ = false;
    if (!over_ && !gone_) send_batch();
  });
}

void ClientActor::leave(bool reset) {
  gone_ = true;
  outgoing_.clear();
  if (!reset) {
    peer_->finish();
    return;
  }
  peer_->reset();
  on_over(true);
}

// The connection is over, whoever ended it.
void ClientActor::on_over(bool reset) {
  if (over_) return;
  over_ = true;
  outgoing_.clear();
  peer_->finish();
  // A reset takes along what was not read yet, an answer before the one that was cut with it.
  bool cut = reset && std::ranges::any_of(awaiting_, &Request::http_1_0);
  if (!awaiting_.empty()) {
    Request& first = *awaiting_.front();
    const bool in_body = reader_->in_body();
    if (const auto message = reset ? std::nullopt : reader_->finish()) {
      awaiting_.pop_front();
      judge(first, *message, true);
    } else if (in_body) {
      awaiting_.pop_front();
      cut = true;
      judge(first, reader_->partial(), false);
    } else if (!reader_->nothing_begun() && !first.http_1_0 && well_behaved_) {
      violation("an answer ended within its head");
    }
  }
  const bool late =
      (may_be_late_ || cramped_) && !awaiting_.empty() && awaiting_.front()->seen == 0;
  if (well_behaved_ && !awaiting_.empty() && !closing_ && !cut && !late) {
    violation(fmt::format("request {} was not answered: {}", awaiting_.front()->number, state()));
  }
  if (!well_behaved_ && !gone_ && !closing_ && !cut && !provokes_ && !awaiting_.empty() &&
      (awaiting_.front()->seen > 0 || !cramped_)) {
    violation(
        fmt::format("request {} was lost without need: {}", awaiting_.front()->number, state()));
  }
  for (Request* request : awaiting_)
    ledger_.settle(*request, Outcome::lost);
  awaiting_.clear();
  if (left_ == 0) {
    done_ = true;
    return;
  }
  World::current().after(World::current().some_delay(), [this] { connect(); });
}

// --- requests ------------------------------------------------------------------------------------

void ClientActor::send_batch() {
  World& world = World::current();
  const bool pipelines = dice().one_in(6);
  std::uint64_t requests = pipelines ? 2 + dice().below(4) : 1;
  // The gateway keeps no more of what is sent ahead, and closes where there is more.
  constexpr std::size_t kHeadBytes = 3'000;
  constexpr std::size_t kAheadBytesMax = 15'000;
  const std::size_t bytes_max = well_behaved_ ? kAheadBytesMax : 4 * kAheadBytesMax;
  std::size_t bytes = 0;
  for (; requests > 0 && left_ > 0; --requests, --left_) {
    Request& request = ledger_.make(well_behaved_, well_behaved_ && pipelines);
    request.from = introduction_.source;
    awaiting_.push_back(&request);
    write_request(request);
    bytes += request.body.size() + kHeadBytes;
    const bool last = request.close || request.http_1_0 || request.expects_continue ||
                      request.call == Call::bad_head || request.call == Call::bad_chunk ||
                      request.call == Call::too_large || bytes > bytes_max;
    if (last) requests = 1;
  }
  if (pipelines && bytes > kAheadBytesMax) provokes_ = true;
  if (!well_behaved_) {
    constexpr std::size_t kLargeBytes = 150'000;
    if (bytes > kLargeBytes && dice().one_in(2)) {
      // All of it at once and the end right behind: its body is still being judged then.
      Piece all{.whole = true};
      for (const Piece& piece : std::exchange(outgoing_, {}))
        all.bytes += piece.bytes;
      outgoing_.push_back(std::move(all));
      gone_ = true;
    } else if (world.strikes(Fault::peer_leaves)) {
      // Somewhere within what is sent, or within what comes.
      if (dice().one_in(2) && outgoing_.size() > 1) {
        outgoing_.resize(1 + static_cast<std::size_t>(dice().below(outgoing_.size() - 1)));
        gone_ = true;
      } else {
        leaves_in_bytes_ = static_cast<std::size_t>(dice().below(3'000));
      }
    } else if (world.strikes(Fault::peer_resets)) {
      // Now and then while its answer is awaited.
      const milliseconds later(dice().one_in(2) ? dice().below(600) : 0);
      world.after(world.some_delay() + later, [this, connection = connection_] {
        if (connection == connection_ && !over_) leave(true);
      });
    }
  }
  if (!pumping_) pump();
}

void ClientActor::add(std::string bytes, bool needs_continue) {
  const std::uint64_t pieces = dawdles_ || dice().one_in(4) ? 1 + dice().below(5) : 1;
  const bool slow = dawdles_ || (!well_behaved_ && dice().one_in(40));
  provokes_ = provokes_ || slow;
  for (std::uint64_t i = 1; i <= pieces && !bytes.empty(); ++i) {
    const std::size_t size =
        i == pieces ? bytes.size() : 1 + static_cast<std::size_t>(dice().below(bytes.size()));
    const core::Duration pause =
        slow ? core::Duration(milliseconds(dice().below(2'000))) : World::current().some_delay();
    outgoing_.push_back({.bytes = bytes.substr(0, size),
                         .pause = pause,
                         .needs_continue = needs_continue && i == 1});
    bytes.erase(0, size);
  }
}

void ClientActor::write_request(const Request& request) {
  std::string target = request.target;
  const std::string_view key =
      request.call == Call::unknown_key ? "client-key-that-nobody-knows" : kClientKey;
  std::string credential = fmt::format("Authorization: Bearer {}\r\n", key);
  if (request.call == Call::messages || request.call == Call::messages_stream) {
    credential = fmt::format("X-Api-Key: {}\r\n", key);
  } else if (request.call == Call::gemini || request.call == Call::gemini_stream) {
    credential = fmt::format("x-goog-api-key: {}\r\n", key);
    if (dice().one_in(2)) {
      credential.clear();
      target += fmt::format("{}key={}", target.find('?') == std::string::npos ? '?' : '&', key);
    }
  }
  std::string head =
      fmt::format("{} {} HTTP/1.{}\r\nHost: gateway\r\nX-Marker: {}\r\n{}", request.method, target,
                  request.http_1_0 ? 0 : 1, request.number, credential);
  if (request.close) head += "Connection: close\r\n";
  if (request.call == Call::bad_head) head += "Bad name : value\r\n";
  if (dice().one_in(5))
    head +=
        "X-Padding: " + std::string(static_cast<std::size_t>(dice().below(2'000)), 'p') + "\r\n";
  if (request.method != "POST") {
    add(head + "\r\n");
    return;
  }
  if (request.expects_continue) head += "Expect: 100-continue\r\n";
  head += "Content-Type: application/json\r\n";
  head += request.chunked ? std::string("Transfer-Encoding: chunked\r\n\r\n")
                          : fmt::format("Content-Length: {}\r\n\r\n", request.body.size());
  if (request.expects_continue) {
    add(std::move(head));
    write_body(request);
    return;
  }
  if (!request.chunked && dice().one_in(2)) {
    add(head + request.body);
    return;
  }
  add(std::move(head));
  write_body(request);
}

void ClientActor::write_body(const Request& request) {
  if (!request.chunked) {
    add(request.body, request.expects_continue);
    return;
  }
  std::string out;
  std::string_view body = request.body;
  const std::uint64_t largest = dice().one_in(4) ? 40 + body.size() / 50 : 20'000;
  while (!body.empty()) {
    const std::size_t size =
        std::min<std::size_t>(static_cast<std::size_t>(1 + dice().below(largest)), body.size());
    out += dice().one_in(4) ? fmt::format("{:04X};x=y\r\n", size) : fmt::format("{:x}\r\n", size);
    out += body.substr(0, size);
    out += "\r\n";
    body.remove_prefix(size);
  }
  if (request.call == Call::bad_chunk) {
    out += "zz\r\n";
  } else {
    out += dice().one_in(4) ? "0\r\nX-Trailer: 1\r\n\r\n" : "0\r\n\r\n";
  }
  add(std::move(out), request.expects_continue);
}

void ClientActor::pump() {
  pumping_ = false;
  if (over_) return;
  if (outgoing_.empty()) {
    if (gone_) peer_->finish();
    return;
  }
  Piece& piece = outgoing_.front();
  if (piece.needs_continue && !std::exchange(continued_, false)) {
    awaits_continue_ = true;
    if (well_behaved_) return;  // however long it takes
    // Goes on by itself when nothing comes.
    piece.needs_continue = false;
    pumping_ = true;
    World::current().after(milliseconds(1'000), [this, connection = connection_] {
      if (connection == connection_ && pumping_) pump();
    });
    return;
  }
  const core::Duration pause = piece.pause;
  if (piece.whole) {
    peer_->write_whole(std::move(piece.bytes));
  } else {
    peer_->write(std::move(piece.bytes));
  }
  outgoing_.pop_front();
  pumping_ = true;
  World::current().after(pause, [this, connection = connection_] {
    if (connection == connection_) pump();
  });
  if (outgoing_.empty()) go_on();
}

// --- answers -------------------------------------------------------------------------------------

void ClientActor::on_bytes(std::string_view bytes) {
  if (over_) return;
  reader_->feed(bytes);
  while (!awaiting_.empty()) {
    Request& request = *awaiting_.front();
    const auto message = reader_->next(request.method == "HEAD");
    if (!message) {
      if (reader_->in_body()) note_answer(request);
      break;
    }
    if (message->status() == 100) {
      if (!request.expects_continue) violation("100 (Continue) that nobody asked for");
      continued_ = true;
      if (std::exchange(awaits_continue_, false) && !pumping_) pump();
      continue;
    }
    awaiting_.pop_front();
    note_answer(request);
    // Of a head that did not come whole nobody knows that it is HEAD's: a body follows, and the
    // end.
    ignores_rest_ = request.method == "HEAD" && message->status() == 408;
    if (has_token(*message, "close")) {
      closing_ = true;
      outgoing_.clear();
    }
    judge(request, *message, true);
  }
  if (!reader_->error().empty()) violation(reader_->error());
  if (awaiting_.empty() && !reader_->nothing_begun() && !ignores_rest_) {
    violation("bytes that nobody asked for: " + reader_->rest());
  }
  if (bytes.size() > leaves_in_bytes_) {
    leaves_in_bytes_ = SIZE_MAX;
    if (!gone_) leave(dice().one_in(2));
    return;
  }
  if (leaves_in_bytes_ != SIZE_MAX) leaves_in_bytes_ -= bytes.size();
  if (!closing_) go_on();
}

void ClientActor::judge(Request& request, const Message& received, bool whole) {
  Message message = received;
  if (request.stream) message.body = without_comments(std::move(message.body));
  for (const std::string_view secret : {"provider-key", "proxy-key"}) {
    if (message.head.find(secret) != std::string::npos ||
        message.body.find(secret) != std::string::npos) {
      violation(fmt::format("a {} came out", secret));
    }
  }
  if (message.count("x-request-id") != 1) violation("not one request id: " + message.head);
  const std::string answers = message.value("x-answer");
  // Begun by the gateway while the provider was silent.
  const bool begun_early =
      answers.empty() && request.stream && message.status() == 200 && refused_by_providers_;
  if (answers.empty() && !begun_early) {
    judge_local(request, message, whole);
    return;
  }
  if (!begun_early && answers != std::to_string(request.number)) {
    violation(fmt::format("the answer of {} went to {}", answers, request.number));
    return;
  }
  if (request.refused_with() != 0) {
    violation(fmt::format("request {} was to be refused", request.number));
  }
  if (!begun_early && message.status() != request.answer_status) {
    violation(fmt::format("request {}: status {}", request.number, message.status()));
  }
  // The connection's end tells such providers nothing of completeness. A stream that was cut ends
  // for HTTP/1.0 with our error event, anything else with a reset.
  const bool end_tells_nothing =
      (request.http_1_0 && request.stream) || (request.truncation_invisible && !spared_);
  // Without memory to hold an event's beginning back all of it goes on, wanted or not.
  const bool untidied = cramped_ && !request.usage_event.empty() &&
                        message.body.find(request.usage_event) != std::string::npos;
  if (untidied) {
    ledger_.settle(request, Outcome::cut);
    return;
  }
  if (whole && message.body != request.answer && !end_tells_nothing) {
    violation(fmt::format("request {}: another answer, {} bytes instead of {}:\n{}\n--- {}\n{}",
                          request.number, message.body.size(), request.answer.size(), message.body,
                          message.head, request.answer));
  }
  if (message.body != request.answer) judge_cut(request, message.body);
  if (!whole && well_behaved_ && stream_is_open(request, message.body) &&
      before_error_event(message.body) == message.body) {
    violation(fmt::format("request {}: a stream broke off without a word: {}", request.number,
                          message.body));
  }
  if (!whole && spared_) {
    violation(fmt::format("the answer of request {} was cut", request.number));
  }
  ledger_.settle(request, whole ? Outcome::answered : Outcome::cut);
}

// What came is the answer's beginning; a stream may close with an error event of ours.
void ClientActor::judge_cut(const Request& request, std::string_view body) {
  const std::string_view answer = request.answer;
  if (answer.starts_with(body)) return;
  const std::string_view before = request.stream ? before_error_event(body) : body;
  if (before.size() < body.size()) {
    if (answer.starts_with(before)) return;
    // An event that was cut is ended first.
    constexpr std::string_view kEnd = "\n\n";
    if (before.ends_with(kEnd) && answer.starts_with(before.substr(0, before.size() - 2))) return;
  }
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(body, answer).in1 - body.begin());
  violation(fmt::format("request {}: wrong bytes at {} of {}: {}", request.number, at,
                        answer.size(), body.substr(at, 300)));
}

void ClientActor::judge_local(Request& request, const Message& message, bool whole) {
  const int status = message.status();
  const bool expected = status == request.refused_with();
  // A timeout of the client's own is no fault of the provider's, and the other way round.
  const bool fault =
      (status == 408 && !well_behaved_) || status == 502 || status == 503 || status == 504;
  constexpr int kRefusals[] = {401, 403, 408, 429, 500, 529};
  const bool refused =
      refused_by_providers_ && std::ranges::find(kRefusals, status) != std::end(kRefusals);
  // Who waited in vain for a connection is told of whatever happens as its time ends: that all are
  // busy, or that the one begun just then is not there yet.
  const bool no_room = (status == 503 || status == 504) && cramped_;
  if (!expected && !no_room && !refused && (spared_ || !fault)) {
    violation(fmt::format("request {} (call {}, chunked {}): status {}, {}", request.number,
                          static_cast<int>(request.call), request.chunked, status, message.body));
  }
  if (request.call == Call::models && status == 200 && whole &&
      message.body.find("gpt-sim") == std::string::npos) {
    violation("a list of models without models: " + message.body);
  }
  ledger_.settle(request, whole ? Outcome::refused : Outcome::cut);
}

}  // namespace headrace::sim
