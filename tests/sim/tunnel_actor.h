// A proxy on the way out, at its end of one connection: judges what the gateway asks for, agrees or
// not, and is the provider from then on. An eager one agrees before it has read what to.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/sim/sim_socket.h"

namespace headrace::sim {

inline constexpr std::string_view kTunnelCredential = "proxy-user:proxy-key-0123456789";

class TunnelActor {
 public:
  // Takes the connection over, before anything of the provider's can come.
  using Provider = std::function<void(std::shared_ptr<Peer>)>;

  // `targets`: what may be asked for, as "host:port".
  TunnelActor(std::shared_ptr<Peer> peer, std::span<const std::string> targets, Provider provider);
  TunnelActor(const TunnelActor&) = delete;
  TunnelActor& operator=(const TunnelActor&) = delete;

 private:
  void on_bytes(std::string_view bytes);
  void judge() const;
  void answer();
  void agree();
  void refuse();

  std::shared_ptr<Peer> peer_;
  std::span<const std::string> targets_;
  Provider provider_;
  std::string asked_;
  bool eager_;
  bool answered_ = false;
};

}  // namespace headrace::sim
