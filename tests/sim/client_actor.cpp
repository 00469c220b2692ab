#include "tests/sim/client_actor.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "tests/sim/dice.h"
#include "tests/sim/peer_tls.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::milliseconds;

void note_answer(Request& request) {
  request.answer_begun_at = std::min(request.answer_begun_at, World::current().now());
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
      proxied_(options.proxied),
      tls_(options.tls) {}

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
    if (connection == connection_) on_end();
  };
  peer_->on_reset = [this, connection] {
    if (connection == connection_) on_over(true);
  };
  provokes_ = !well_behaved_ && world.strikes(Fault::slow_peer);
  if (provokes_) {
    peer_->read_slowly(1 + static_cast<std::size_t>(dice().below(2'000)),
                       200 + static_cast<std::int64_t>(dice().below(3'000)));
  }
  introduce_itself();
  send_batch();
}

void ClientActor::introduce_itself() {
  if (proxied_) {
    introduction_ = introduce(dice(), !well_behaved_);
    provokes_ = provokes_ || introduction_.wrong;
  }
  if (tls_ == nullptr) {
    if (proxied_) add(introduction_.bytes);
    return;
  }
  // What a proxy says comes before anything of TLS.
  peer_->write(introduction_.bytes);
  auto layer = tls_->client(*peer_, tls_memory_, !well_behaved_);
  shown_ = layer->shown();
  peer_->put_on(std::move(layer));
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

// An end that TLS does not tell of may be anybody's: whatever was to end with it was cut.
void ClientActor::on_end() {
  PeerLayer* layer = peer_->layer();
  const bool untold = layer != nullptr && !layer->heard_end();
  if (untold && well_behaved_ && closing_ && !cramped_ && awaiting_.empty() && !over_) {
    violation("a connection that was to end did so without close_notify: " + state());
  }
  on_over(untold);
}

// The connection is over, whoever ended it.
void ClientActor::on_over(bool reset) {
  if (over_) return;
  over_ = true;
  provokes_ = provokes_ || (peer_->layer() != nullptr && peer_->layer()->provokes());
  outgoing_.clear();
  peer_->finish();
  // A reset takes along what was not read yet, an answer before the one that was cut with it.
  bool cut = (reset && std::ranges::any_of(awaiting_, &Request::http_1_0)) ||
             std::ranges::any_of(awaiting_, &Request::may_be_cut);
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
    } else if (!reader_->nothing_begun() && !first.http_1_0 && !first.may_be_cut() &&
               well_behaved_) {
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

}  // namespace headrace::sim
