// TLS connections on a real io: what they do when blocks, turns and signatures are scarce, and
// where received bytes go.
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
namespace {

using core::Socket;
using tls::test::End;
using tls::test::pattern;

constexpr std::size_t kBodyBytesMax = 1024 * 1024;

// One accepted connection: our transport, and whoever is at the other end of the socket.
struct Link final : TransportOwner {
  Link(ShardContext& shard, End client, Socket far_end)
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
      std::string text(65536, '\0');
      const ssize_t got =
          ::recv(static_cast<int>(far_socket), text.data(), text.size(), MSG_DONTWAIT);
      if (got > 0) far.deliver(text.substr(0, static_cast<std::size_t>(got)));
    }
    if (far.to_send.empty()) return;
    const ssize_t put =
        ::send(static_cast<int>(far_socket), far.to_send.data(),
               std::min(far.to_send.size(), far_bytes_a_time), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put > 0) far.to_send.erase(0, static_cast<std::size_t>(put));
  }

  Transport transport;
  End far;
  Socket far_socket;
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
    const auto end = std::chrono::steady_clock::now() + 5 * kHang;
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
    const std::string text = pattern(bytes);
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
  Socket disown(Socket socket) {
    const int copy = ::dup(static_cast<int>(socket));
    close_kept(socket);
    return Socket{copy};
  }

  tls::test::World world_;
  core::TimerWheel timers_;
  core::BodyBudget budget_{64 * 1024 * 1024};
  std::shared_ptr<const tls::ServerContext> ecdsa_;
  std::unique_ptr<ShardContext> shard_;
  std::vector<std::unique_ptr<Link>> links_;
};

// --- blocks --------------------------------------------------------------------------------------

TEST_F(TlsTransport, WaitsForABlockAndLosesNothing) {
  begin(1);
  Link& slow = accept_established();
  Link& quick = accept_established();
  slow.far_reads = false;
  const std::string large = pattern(200'000);
  slow.send(large);
  some_turns();
  ASSERT_EQ(shard().tls_blocks.in_use(), 1U);

  quick.send("after the slow one");
  some_turns();
  EXPECT_EQ(quick.sends_ended, 0);
  EXPECT_FALSE(quick.ended);
  EXPECT_EQ(quick.far.received, "");

  slow.far_reads = true;
  run_all([&] { return slow.sends_ended == 1 && quick.sends_ended == 1; });
  run_all([&] { return slow.far.received.size() == large.size() && !quick.far.received.empty(); });
  EXPECT_TRUE(slow.all_sent && quick.all_sent);
  EXPECT_EQ(slow.far.received, large);
  EXPECT_EQ(quick.far.received, "after the slow one");
  EXPECT_EQ(shard().tls_blocks.in_use(), 0U);
}

TEST_F(TlsTransport, SaysGoodbyeAlsoWhenItHadToWaitForABlock) {
  begin(1);
  Link& slow = accept_established();
  Link& leaving = accept_established();
  slow.far_reads = false;
  slow.send(pattern(200'000));
  some_turns();
  leaving.transport.finish_sending();
  some_turns();
  EXPECT_FALSE(leaving.far.closed);
  slow.far_reads = true;
  run_all([&] { return leaving.far.closed; });
  // The end of the stream follows it.
  char byte = 0;
  run_all([&] {
    return ::recv(static_cast<int>(leaving.far_socket), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  });
}

TEST_F(TlsTransport, ShakesHandsOnceABlockIsFree) {
  begin(1);
  Link& slow = accept_established();
  slow.far_reads = false;
  slow.send(pattern(200'000));
  some_turns();
  Link& late = accept(ecdsa());
  some_turns();
  EXPECT_FALSE(late.established);
  EXPECT_FALSE(late.failed);
  slow.far_reads = true;
  run_all([&] { return late.established; });
}

TEST_F(TlsTransport, LeavesTheQueueForABlockWhenItCloses) {
  begin(1);
  Link& slow = accept_established();
  Link& gone = accept_established();
  slow.far_reads = false;
  slow.send(pattern(200'000));
  some_turns();
  gone.send("never");
  gone.transport.close();
  run_all([&] { return gone.closed; });
  slow.far_reads = true;
  run_all([&] { return slow.sends_ended == 1; });
  EXPECT_EQ(gone.sends_ended, 0);
}

TEST_F(TlsTransport, TellsThatASendWasLostButNeverWithinTheCall) {
  begin(2);
  Link& link = accept_established();
  // No record at all: the session fails, and seals nothing any more.
  link.far.to_send = std::string(100, '\x17');
  run_all([&] { return link.ended; });
  link.send("into the void");
  EXPECT_EQ(link.sends_ended, 0);
  run_all([&] { return link.sends_ended == 1; });
  EXPECT_FALSE(link.all_sent);
  EXPECT_FALSE(link.transport.sending());
}

// --- turns ---------------------------------------------------------------------------------------

TEST_F(TlsTransport, StartsOneHandshakeATurn) {
  begin(64);
  constexpr std::size_t kMany = 12;
  for (std::size_t i = 0; i < kMany; ++i)
    accept(ecdsa()).pump();
  std::uint64_t signed_before = 0;
  for (int i = 0; i < 5; ++i) {
    io().turn(core::Instant::min());
    const bool more = shard().tls_waiting.on_turn();
    const auto answered =
        static_cast<std::uint64_t>(std::ranges::count_if(links(), [](const auto& link) {
          char byte = 0;
          return ::recv(static_cast<int>(link->far_socket), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
        }));
    EXPECT_LE(answered, signed_before + 2) << "one when it came, one when it waited";
    EXPECT_TRUE(more) << "the others must not wait for something to happen";
    signed_before = answered;
  }
  run_all([&] {
    return std::ranges::all_of(links(), [](const auto& link) { return link->established; });
  });
}

// --- signatures ----------------------------------------------------------------------------------

TEST_F(TlsTransport, GoesOnWithOthersWhileASignatureIsMade) {
  begin(8);
  attach_signer();
  Link& waiting = accept(rsa());
  some_turns();
  EXPECT_FALSE(waiting.established);
  EXPECT_EQ(signer.unanswered(0), 1U);
  Link& other = accept_established();
  EXPECT_TRUE(other.established);
  EXPECT_FALSE(waiting.established);
  signer.step(1);
  run_all([&] { return waiting.established && waiting.far.session.established(); });
  waiting.send("signed");
  run_all([&] { return waiting.far.received == "signed"; });
}

TEST_F(TlsTransport, SurvivesASignatureThatComesBackToNobody) {
  begin(8);
  attach_signer();
  Link& gone = accept(rsa());
  some_turns();
  ASSERT_EQ(signer.unanswered(0), 1U);
  gone.transport.close();
  run_all([&] { return gone.closed; });
  signer.step(1);
  some_turns();
  EXPECT_EQ(signer.unanswered(0), 0U);
  Link& next = accept(rsa());
  run_all([&] {
    signer.step(1);
    return next.established;
  });
}

TEST_F(TlsTransport, QueuesBehindTheSignaturesUnderWay) {
  begin(512);
  attach_signer();
  const auto context = rsa();
  constexpr std::size_t kBeyond = 5;
  for (std::size_t i = 0; i < TlsWaiting::kSignaturesMax + kBeyond; ++i) {
    accept(context).pump();
    io().turn(core::Instant::min());
    shard().tls_waiting.on_turn();
  }
  some_turns();
  EXPECT_EQ(signer.unanswered(0), TlsWaiting::kSignaturesMax);
  // One of those that wait for their turn leaves.
  links().back()->transport.close();
  run_all([&] {
    signer.step(64);
    return std::ranges::all_of(links(),
                               [](const auto& link) { return link->established || link->closed; });
  });
  EXPECT_FALSE(links().back()->established);
  EXPECT_EQ(signer.unanswered(0), 0U);
}

// --- receiving -----------------------------------------------------------------------------------

TEST_F(TlsTransport, DecryptsIntoTheOwnersMemory) {
  begin(4);
  Link& link = accept_established();
  expect_into(link, 300'000);
}

TEST_F(TlsTransport, DecryptsRecordsOfSeveralBuffersIntoTheOwnersMemory) {
  begin(4);
  Link& link = accept_established();
  link.far_bytes_a_time = 3001;
  expect_into(link, 100'000);
}

TEST_F(TlsTransport, HandsOnWhatDoesNotFitTheOwnersMemory) {
  begin(4);
  Link& link = accept_established();
  link.into_bytes = 1000;
  link.want_rest();
  const std::string text = pattern(3 * tls::kRecordPlaintextBytesMax);
  link.far.send(text);
  run_all([&] { return link.received.size() >= text.size(); });
  EXPECT_EQ(link.received, text);
  EXPECT_EQ(link.pieces_into, 0U);
}

TEST_F(TlsTransport, HandsOnARecordOfSeveralBuffersAsOnePiece) {
  begin(4);
  Link& link = accept_established();
  link.transport.want_receive(ReceiveMode::many);
  link.far_bytes_a_time = 1500;
  const std::string text = pattern(10 * tls::kRecordPlaintextBytesMax);
  link.far.send(text);
  run_all([&] { return link.received.size() >= text.size(); });
  EXPECT_EQ(link.received, text);
  EXPECT_EQ(link.largest_piece, tls::kRecordPlaintextBytesMax);
  EXPECT_EQ(shard().head_blocks.in_use(), 0U);
}

}  // namespace
}  // namespace headrace::net
