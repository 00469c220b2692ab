// A TLS connection on a real io whose other end a test holds.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "core/attendant.h"
#include "core/timer_wheel.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/transport.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/shard_context.h"
#include "net/tls/signature_work.h"
#include "net/upstream/upstream_connection.h"
#include "tests/core/io_uring_world.h"
#include "tests/net/tls/ends.h"

namespace headrace::net {

inline constexpr std::size_t kBodyBytesMax = 1024 * 1024;

// One accepted connection: our transport, and whoever is at the other end of the socket.
struct Link final : TransportOwner {
  Link(ShardContext& shard, tls::test::End client, core::Socket far_end)
      : transport(shard, *this), far(std::move(client)), far_socket(far_end) {}

  void on_received(core::BufferLease lease) override {
    ++pieces;
    largest_piece = std::max(largest_piece, lease.size());
    // Room for a rewritten head, as every lease promises.
    std::memset(lease.data() - core::kBufferHeadroom, 0, core::kBufferHeadroom);
    received.append(reinterpret_cast<const char*>(lease.data()), lease.size());
    want_rest();
  }
  void on_received_into(std::size_t bytes) override {
    ++pieces_into;
    received.append(reinterpret_cast<const char*>(into.data()), bytes);
    want_rest();
  }
  void on_peer_end(PeerEnd) override { ended = true; }
  void on_sent(bool all) override {
    ++sends_ended;
    all_sent = all;
  }
  void on_handshake_done() override {
    established = true;
    want_rest();
  }
  void on_handshake_failed() override {
    failed = true;
    transport.close();
  }
  void on_closed() override { closed = true; }

  void want_rest() {
    if (into_bytes == 0) return;
    into.resize(into_bytes);
    transport.want_into(into);
  }
  void send(std::string_view text) {
    sent_text = text;
    transport.send(std::as_bytes(std::span(sent_text)));
  }
  // Between the socket and the other end.
  void pump() {
    if (far_reads) {
      char text[65536];  // hundreds of links are pumped thousands of times: nothing is cleared
      const ssize_t got = ::recv(static_cast<int>(far_socket), text, sizeof text, MSG_DONTWAIT);
      if (got > 0) far.deliver({text, static_cast<std::size_t>(got)});
    }
    if (far.to_send.empty()) return;
    const ssize_t put =
        ::send(static_cast<int>(far_socket), far.to_send.data(),
               std::min(far.to_send.size(), far_bytes_a_time), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put > 0) far.to_send.erase(0, static_cast<std::size_t>(put));
  }

  Transport transport;
  tls::test::End far;
  core::Socket far_socket;
  bool far_reads = true;
  std::size_t far_bytes_a_time = tls::test::kWhole;
  std::size_t into_bytes = 0;  // what is received goes there
  std::vector<std::byte> into;
  std::string sent_text;
  std::string received;
  std::size_t pieces = 0;
  std::size_t pieces_into = 0;
  std::size_t largest_piece = 0;
  int sends_ended = 0;
  bool all_sent = false;
  bool established = false;
  bool failed = false;
  bool ended = false;
  bool closed = false;
};

class TlsTransport : public core::IoWorld {
 protected:
  void begin(std::uint32_t tls_blocks) {
    make({});
    io().turn(core::Instant::min());
    shard_ = std::make_unique<ShardContext>(io(), timers_, 0,
                                            ShardCapacity{.downstream_connections = 4,
                                                          .upstream_connections = 4,
                                                          .exchanges = 4,
                                                          .messages = 4,
                                                          .head_blocks = 4,
                                                          .tls_blocks = tls_blocks},
                                            budget_, kBodyBytesMax);
  }

  void TearDown() override {
    for (const auto& link : links_)
      link->transport.close();
    run_all(
        [&] { return std::ranges::all_of(links_, [](const auto& link) { return link->closed; }); });
    EXPECT_TRUE(shard_->starved.empty());
    links_.clear();
    shard_.reset();
    IoWorld::TearDown();
  }

  Link& accept(const std::shared_ptr<const tls::ServerContext>& context) {
    auto [ours, theirs] = unix_pair();
    // The kernel must not hide what a slow reader does not read.
    const int bytes = 4096;
    ::setsockopt(static_cast<int>(ours), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    links_.push_back(std::make_unique<Link>(*shard_, world_.client(), theirs));
    Link& link = *links_.back();
    link.far.room_bytes = kTlsBlockBytes;
    link.transport.open(disown(ours));
    link.transport.start_tls_downstream(context, {});
    link.far.start();
    return link;
  }
  Link& accept_established() {
    Link& link = accept(ecdsa());
    run_all([&] { return link.established && link.far.session.established(); });
    return link;
  }

  void turn() {
    io().turn(core::Instant::min());
    shard_->tls_waiting.on_turn();
    for (const auto& link : links_)
      link->pump();
  }
  void run_all(const std::function<bool()>& done) {
    // Hundreds of signatures under a sanitizer take their time.
    const auto end = std::chrono::steady_clock::now() + 3 * kHang;
    while (!done()) {
      turn();
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "nothing more happens";
        return;
      }
    }
  }
  void some_turns() {
    for (int i = 0; i < 50; ++i)
      turn();
  }
  // Until its far end reads.
  void keep_a_block(Link& slow) {
    slow.far_reads = false;
    slow.send(tls::test::pattern(200'000));
    some_turns();
  }

  std::shared_ptr<const tls::ServerContext> ecdsa() {
    if (ecdsa_ == nullptr) ecdsa_ = *tls::ServerContext::build(world_.server_options());
    return ecdsa_;
  }
  std::shared_ptr<const tls::ServerContext> rsa() {
    const auto identity = tls::test::make_identity(
        {.dns_names = {"provider.test"}}, &world_.authority, tls::test::make_rsa_key(2048));
    tls::ServerOptions options;
    options.credentials = {tls::test::World::credential(identity)};
    return *tls::ServerContext::build(std::move(options));
  }

  void expect_into(Link& link, std::size_t bytes) {
    link.into_bytes = std::size_t{64} * 1024;
    link.want_rest();
    const std::string text = tls::test::pattern(bytes);
    link.far.send(text);
    run_all([&] { return link.received.size() >= text.size(); });
    EXPECT_EQ(link.received, text);
    EXPECT_GE(link.pieces_into, text.size() / tls::kRecordPlaintextBytesMax);
    EXPECT_EQ(link.pieces, 0U);
  }

  // Signs when a test steps it.
  tls::SignatureWork work;
  core::Attendant<tls::SignatureWork> signer{work, 1, TlsWaiting::kSignaturesMax};
  void attach_signer() {
    signer.attach(0, io());
    shard().tls_waiting.attach(signer);
  }

  ShardContext& shard() { return *shard_; }
  std::vector<std::unique_ptr<Link>>& links() { return links_; }

 private:
  // The transport closes its own socket.
  core::Socket disown(core::Socket socket) {
    const int copy = ::dup(static_cast<int>(socket));
    close_kept(socket);
    return core::Socket{copy};
  }

  tls::test::World world_;
  core::TimerWheel timers_;
  core::BodyBudget budget_{64 * 1024 * 1024};
  std::shared_ptr<const tls::ServerContext> ecdsa_;
  std::unique_ptr<ShardContext> shard_;
  std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace headrace::net
