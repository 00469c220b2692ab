#include "tests/sim/asking_client.h"

#include <utility>

#include "tests/sim/dice.h"
#include "tests/sim/gateway.h"
#include "tests/sim/peer_tls.h"
#include "tests/sim/world.h"

namespace headrace::sim {

void AskingClient::start() {
  World::current().after(World::current().some_delay(), [this] { connect(); });
}

void AskingClient::connect() {
  if (!wants_more()) return;
  peer_ = World::current().connect(Gateway::address());
  if (peer_ == nullptr) return on_nobody_listens();
  reader_ = std::make_unique<MessageReader>(MessageReader::Side::responses);
  const std::uint64_t connection = ++connection_;
  peer_->on_bytes = [this, connection](std::string_view bytes) {
    if (connection == connection_) on_bytes(bytes);
  };
  peer_->on_end = [this, connection] {
    if (connection == connection_) on_over();
  };
  peer_->on_reset = peer_->on_end;
  if (tls_ != nullptr) put_tls_on(*peer_, *tls_, tls_memory_);
  on_connected(*peer_);
  ask();
}

void AskingClient::ask() {
  if (!wants_more()) return;
  waiting_ = true;
  peer_->write(question());
  const std::optional<core::Duration> longest = patience();
  if (!longest) return;
  World::current().after(*longest, [this, connection = connection_] {
    if (connection == connection_ && waiting_) leave();
  });
}

void AskingClient::leave() {
  waiting_ = false;
  ++connection_;
  on_left();
  if (dice().one_in(2)) {
    peer_->reset();
  } else {
    peer_->finish();
  }
  start();
}

void AskingClient::on_bytes(std::string_view bytes) {
  reader_->feed(bytes);
  while (auto message = reader_->next()) {
    if (!std::exchange(waiting_, false)) {
      return World::current().violation("an answer that nobody asked for");
    }
    on_answer(*message);
    const bool last = message->value("connection") == "close";
    World::current().after(pause(), [this, last, connection = connection_] {
      if (connection == connection_) go_on(last);
    });
  }
  if (!reader_->error().empty()) World::current().violation(reader_->error());
}

// `last`: the answer said that its connection ends.
void AskingClient::go_on(bool last) {
  const bool anew = comes_anew();
  if (!anew && !last) return ask();
  ++connection_;
  peer_->finish();
  connect();
}

void AskingClient::on_over() {
  ++connection_;
  peer_->finish();
  if (std::exchange(waiting_, false)) on_lost(*reader_);
  start();
}

void AskingClient::put_tls_on(Peer& peer, TlsWorld& tls, TlsMemory& memory) {
  peer.put_on(tls.client(peer, memory, false));
}

core::Duration AskingClient::pause() {
  return World::current().some_delay();
}

void AskingClient::on_nobody_listens() {
  World::current().violation("nobody listens");
}

void AskingClient::on_lost(MessageReader&) {
  World::current().violation("a connection ended without an answer");
}

}  // namespace headrace::sim
