#include "tests/sim/tunnel_actor.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
// kTunnelCredential in base64.
constexpr std::string_view kCredentialEncoded = "cHJveHktdXNlcjpwcm94eS1rZXktMDEyMzQ1Njc4OQ==";

}  // namespace

TunnelActor::TunnelActor(std::shared_ptr<Peer> peer, std::span<const std::string> targets,
                         Provider provider)
    : peer_(std::move(peer)),
      targets_(targets),
      provider_(std::move(provider)),
      eager_(dice().one_in(4)) {
  peer_->on_bytes = [this](std::string_view bytes) { on_bytes(bytes); };
  peer_->on_end = [this] { peer_->finish(); };
  if (eager_) agree();
}

void TunnelActor::on_bytes(std::string_view bytes) {
  asked_ += bytes;
  const std::size_t end = asked_.find(kHeadEnd);
  if (end == std::string::npos) return;
  if (!eager_ && end + kHeadEnd.size() != asked_.size()) {
    World::current().violation("tunnel: bytes for the provider before it was open: " + asked_);
    return;
  }
  if (std::exchange(answered_, true)) return;
  World& world = World::current();
  if (!eager_ && world.strikes(Fault::tunnel_hangs)) return;
  world.after(world.some_delay(), [this] { answer(); });
}

// Where to, the proxy's own credential, and nothing of what is the provider's.
void TunnelActor::judge() const {
  const std::string asked = asked_.substr(0, asked_.find(kHeadEnd) + kHeadEnd.size());
  const bool asked_well = std::ranges::any_of(targets_, [&](const std::string& target) {
    return asked == fmt::format(
                        "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n"
                        "Proxy-Authorization: Basic {1}\r\n\r\n",
                        target, kCredentialEncoded);
  });
  if (!asked_well) World::current().violation("tunnel: asked for otherwise: " + asked);
}

void TunnelActor::answer() {
  judge();
  if (!eager_ && World::current().strikes(Fault::tunnel_refused)) {
    refuse();
    return;
  }
  // From here on it is the provider who hears what comes, and what has come behind the request.
  provider_(peer_);
  if (!eager_) agree();
  const std::string rest = asked_.substr(asked_.find(kHeadEnd) + kHeadEnd.size());
  if (!rest.empty()) peer_->hear(rest);
}

void TunnelActor::agree() {
  const std::string_view more = dice().one_in(2) ? "Via: 1.1 proxy\r\nContent-Length: 7\r\n" : "";
  peer_->send(fmt::format("HTTP/1.1 200 Connection established\r\n{}\r\n", more), false);
}

void TunnelActor::refuse() {
  // Cut in the wrong place one of these is an agreement at first: then a request may come.
  peer_->on_bytes = nullptr;
  constexpr std::array<std::string_view, 5> kAnswers = {
      "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
      "HTTP/1.1 502 Bad Gateway\r\n\r\n",
      "HTTP/1.1 200 Fine\r\n\r\nHTTP/1.1 200 OK\r\n",  // who speaks for the provider
      "SSH-2.0-proxy\r\n",
      "HTTP/1.1 200",
  };
  peer_->write(std::string(kAnswers[static_cast<std::size_t>(dice().below(kAnswers.size()))]));
  dice().one_in(3) ? peer_->reset() : peer_->finish();
}

}  // namespace headrace::sim
