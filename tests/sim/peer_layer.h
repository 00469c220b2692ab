// What may stand between an actor and the wire of its connection: TLS (peer_tls.h).
//
// Threads: one. Lifetime: belongs to its Peer.
#pragma once

#include <string>
#include <string_view>

namespace headrace::sim {

class PeerLayer {
 public:
  virtual ~PeerLayer() = default;

  virtual void hear(std::string_view wire) = 0;
  virtual void say(std::string_view bytes, bool whole) = 0;
  virtual void finish() = 0;

  // The next bytes said are spoiled on their way: nobody may take them for what they were.
  virtual void spoil_next() = 0;
  // Its end will not be said by the layer, so that nobody can tell it from a cut. Drawn when first
  // asked.
  [[nodiscard]] virtual bool ends_untold() = 0;
  // The gateway has said its end.
  [[nodiscard]] virtual bool heard_end() const = 0;
  // It did what may cost the connection.
  [[nodiscard]] virtual bool provokes() const = 0;
};

}  // namespace headrace::sim
