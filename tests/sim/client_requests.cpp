// What a client asks, and how it says it.
#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/client_actor.h"
#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace headrace::sim {

using std::chrono::milliseconds;

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
                      request.call == Call::bad_head || request.turns_bad() ||
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
    } else if (tls_ != nullptr && world.strikes(Fault::tls_record_spoiled)) {
      peer_->layer()->spoil_next();
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

bool ClientActor::leaves_key_out(Request& request) const {
  const bool certified =
      shown_ == ShownCertificate::customers || shown_ == ShownCertificate::strays;
  if (!certified || request.call == Call::unknown_key || dice().one_in(2)) return false;
  (shown_ == ShownCertificate::customers ? request.by_certificate : request.nobodys) = true;
  return true;
}

void ClientActor::write_request(Request& request) {
  std::string target = request.target;
  const std::string_view key =
      request.call == Call::unknown_key ? "client-key-that-nobody-knows" : kClientKey;
  std::string credential = fmt::format("Authorization: Bearer {}\r\n", key);
  if (leaves_key_out(request)) {
    credential.clear();
  } else if (request.call == Call::messages || request.call == Call::messages_stream) {
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
  head += fmt::format("Content-Type: {}\r\n", request.content_type);
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

}  // namespace headrace::sim
