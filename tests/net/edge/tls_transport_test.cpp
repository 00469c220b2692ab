// TLS connections on a real io: what they do when blocks, turns and signatures are scarce, and
// where received bytes go.
#include <algorithm>

#include "tests/net/edge/tls_link.h"

namespace headrace::net {
namespace {

using tls::test::pattern;

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
  keep_a_block(slow);
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

TEST_F(TlsTransport, SaysGoodbyeBeforeItClosesAtOnce) {
  begin(1);
  Link& leaving = accept_established();
  leaving.transport.want_receive(ReceiveMode::many);
  some_turns();  // the last of its handshake is on its way before
  leaving.transport.close_with_goodbye();
  run_all([&] { return leaving.closed && leaving.far.closed; });
  EXPECT_EQ(shard().tls_blocks.in_use(), 0U);
}

TEST_F(TlsTransport, ClosesWithoutAGoodbyeRatherThanWait) {
  begin(1);
  Link& slow = accept_established();
  Link& leaving = accept_established();
  keep_a_block(slow);
  leaving.transport.close_with_goodbye();
  run_all([&] { return leaving.closed; });
  some_turns();
  EXPECT_FALSE(leaving.far.closed);
  slow.far_reads = true;
  run_all([&] { return slow.sends_ended == 1; });
}

TEST_F(TlsTransport, ShakesHandsOnceABlockIsFree) {
  begin(1);
  Link& slow = accept_established();
  keep_a_block(slow);
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
  keep_a_block(slow);
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
