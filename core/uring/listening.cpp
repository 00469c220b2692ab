#include "core/uring/listening.h"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/uring/startup_error.h"

namespace headrace::core::uring {
namespace {

bool set_option(int descriptor, int level, int option) {
  const int on = 1;
  return setsockopt(descriptor, level, option, &on, sizeof on) == 0;
}

const char* path_of(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_un*>(address.native())->sun_path;
}

// A Unix socket that nobody listens on any more, left behind by a process that was killed.
bool is_abandoned(const SocketAddress& address) {
  struct stat status{};
  if (stat(path_of(address), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, address.native(), address.native_length()) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

bool bind_to(int descriptor, const SocketAddress& address) {
  if (::bind(descriptor, address.native(), address.native_length()) == 0) return true;
  if (errno != EADDRINUSE || !address.is_unix()) return false;
  if (!is_abandoned(address)) {
    errno = EADDRINUSE;
    return false;
  }
  ::unlink(path_of(address));
  return ::bind(descriptor, address.native(), address.native_length()) == 0;
}

// A socket that is bound; else the call that failed, with errno set.
struct Bound {
  int descriptor = -1;
  const char* failed = nullptr;
};

Bound bound_to(const SocketAddress& address) {
  Bound bound{.descriptor = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (bound.descriptor < 0) {
    bound.failed = "socket";
  } else if (!address.is_unix() && !(set_option(bound.descriptor, SOL_SOCKET, SO_REUSEADDR) &&
                                     set_option(bound.descriptor, SOL_SOCKET, SO_REUSEPORT) &&
                                     // Accepted sockets inherit it.
                                     send_at_once(bound.descriptor))) {
    bound.failed = "setsockopt";
  } else if (!bind_to(bound.descriptor, address)) {
    bound.failed = "bind";
  }
  return bound;
}

std::unexpected<std::string> refused(const Bound& bound, const SocketAddress& address) {
  const int error = errno;
  if (bound.descriptor >= 0) ::close(bound.descriptor);
  return std::unexpected(listen_refused(error, bound.failed, address));
}

}  // namespace

std::expected<Socket, std::string> listen(const SocketAddress& address, int backlog) {
  Bound bound = bound_to(address);
  if (bound.failed == nullptr && ::listen(bound.descriptor, backlog) != 0) bound.failed = "listen";
  if (bound.failed != nullptr) return refused(bound, address);
  return Socket{bound.descriptor};
}

std::expected<void, std::string> try_listening(const SocketAddress& address) {
  const Bound bound = bound_to(address);
  if (bound.failed != nullptr) return refused(bound, address);
  ::close(bound.descriptor);
  if (address.is_unix()) ::unlink(path_of(address));
  return {};
}

bool send_at_once(int descriptor) {
  return set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
}

}  // namespace headrace::core::uring
