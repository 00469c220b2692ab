#include "core/uring/splices.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <poll.h>

namespace headrace::core::uring {
namespace {

// A pipe's end is open for one direction only, a socket for both.
bool is_socket(int flags) {
  return (flags & O_ACCMODE) == O_RDWR;
}

constexpr std::size_t kBytesMax = std::numeric_limits<std::int32_t>::max();

}  // namespace

bool Splice::attempt() {
  const int from_flags = fcntl(from, F_GETFL);
  const bool from_socket = is_socket(from_flags);
  const int socket = from_socket ? from : to;
  const int socket_flags = from_socket ? from_flags : fcntl(to, F_GETFL);
  // The flag of the call covers the pipe; the socket goes by its own. It stays blocking otherwise,
  // because io_uring would not wait for one that is not.
  fcntl(socket, F_SETFL, socket_flags | O_NONBLOCK);
  const unsigned flags =
      SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more == SendMore::yes ? unsigned{SPLICE_F_MORE} : 0U);
  const ssize_t moved = ::splice(from, nullptr, to, nullptr, std::min(bytes, kBytesMax), flags);
  result = moved >= 0 ? static_cast<std::int32_t>(moved) : -errno;
  fcntl(socket, F_SETFL, socket_flags);
  return !waits();
}

bool Splice::waits() const {
  return result == -EAGAIN || result == -EINTR;
}

Splice::Awaited Splice::next_awaited() {
  const bool for_pipe = std::exchange(waits_for_pipe_next, !waits_for_pipe_next);
  if (is_socket(fcntl(from, F_GETFL)) != for_pipe) return {.descriptor = from, .events = POLLIN};
  return {.descriptor = to, .events = POLLOUT};
}

std::int32_t Splices::add(const Splice& splice) {
  if (free_.empty()) {
    entries_.push_back(splice);
    return static_cast<std::int32_t>(entries_.size() - 1);
  }
  const std::int32_t number = free_.back();
  free_.pop_back();
  (*this)[number] = splice;
  return number;
}

std::int32_t Splices::take_result(std::int32_t number) {
  free_.push_back(number);
  return (*this)[number].result;
}

}  // namespace headrace::core::uring
