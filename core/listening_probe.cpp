#include "core/listening_probe.h"

#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace headrace::core {
namespace {

// A Unix socket's file stays when its listener goes: only a connection tells.
bool answers(int probe, const SocketAddress& address) {
  return ::connect(probe, address.native(), address.native_length()) == 0 || errno == EAGAIN;
}

// Listening sockets share a port only if all of them say so: without SO_REUSEPORT the probe is
// refused where somebody listens. With SO_REUSEADDR it is not where nobody does.
bool is_taken(int probe, const SocketAddress& address) {
  const int on = 1;
  return ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
         ::bind(probe, address.native(), address.native_length()) != 0 && errno == EADDRINUSE;
}

}  // namespace

bool is_listened_on(const SocketAddress& address) {
  if (!address.is_unix() && address.port() == 0) return false;
  const int probe = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool listened = address.is_unix() ? answers(probe, address) : is_taken(probe, address);
  ::close(probe);
  return listened;
}

}  // namespace headrace::core
