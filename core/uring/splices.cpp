#include "core/uring/splices.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace headrace::core::uring {
namespace {

constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

// The call's own flag speaks of the pipe only: a socket that is being filled goes by its state. It
// is a blocking one at all other times, because io_uring does not wait for those that are not.
ssize_t splice_into_socket(int pipe, int socket, std::size_t bytes) {
  fcntl(socket, F_SETFL, O_NONBLOCK);
  const ssize_t moved = ::splice(pipe, nullptr, socket, nullptr, bytes, kFlags);
  const int error = errno;
  fcntl(socket, F_SETFL, 0);
  errno = error;
  return moved;
}

}  // namespace

Splices::Splices(std::uint32_t pipes_max, std::uint32_t pipe_bytes)
    : pipes_max_(pipes_max), pipe_bytes_(pipe_bytes) {
  idle_pipes_.reserve(pipes_max);
}

Splices::~Splices() {
  for (Pipe& pipe : idle_pipes_)
    discard(pipe);
}

bool Splices::take_pipe(Pipe& pipe) {
  if (!idle_pipes_.empty()) {
    pipe = idle_pipes_.back();
    idle_pipes_.pop_back();
    return true;
  }
  int ends[2];
  if (pipes_ == pipes_max_ || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  ++pipes_;
  pipe = {.read_end = ends[0], .write_end = ends[1]};
  // Where this is refused the pipe is smaller, and more moves are needed.
  fcntl(pipe.write_end, F_SETPIPE_SZ, pipe_bytes_);
  return true;
}

void Splices::discard(Pipe& pipe) {
  close(pipe.read_end);
  close(pipe.write_end);
  pipe = {};
  --pipes_;
}

std::int32_t Splices::add(Socket from, Socket to, std::size_t bytes) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::int32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const std::int32_t number = free_.back();
  free_.pop_back();
  entries_[static_cast<std::size_t>(number)] = {.from = static_cast<int>(from),
                                                .to = static_cast<int>(to),
                                                .bytes = std::min<std::size_t>(bytes, pipe_bytes_)};
  return number;
}

Splices::Awaited Splices::awaited(std::int32_t number) const {
  const Entry& entry = entries_[static_cast<std::size_t>(number)];
  if (entry.piped == 0) return {.descriptor = entry.from, .events = POLLIN};
  return {.descriptor = entry.to, .events = POLLOUT};
}

std::optional<std::int32_t> Splices::step(std::int32_t number) {
  Entry& entry = entries_[static_cast<std::size_t>(number)];
  std::optional<std::int32_t> result;
  if (entry.piped == 0) result = fill(entry);
  if (entry.piped != 0) result = drain(entry);
  if (result) free_.push_back(number);
  return result;
}

std::optional<std::int32_t> Splices::fill(Entry& entry) {
  if (!take_pipe(entry.pipe)) return -ENOBUFS;
  // Bytes are there, so that the socket does not wait for any.
  const ssize_t filled =
      ::splice(entry.from, nullptr, entry.pipe.write_end, nullptr, entry.bytes, kFlags);
  if (filled > 0) {
    entry.piped = static_cast<std::size_t>(filled);
    return std::nullopt;
  }
  const int error = filled == 0 ? 0 : errno;
  idle_pipes_.push_back(std::exchange(entry.pipe, {}));
  if (error == EAGAIN || error == EINTR) return std::nullopt;
  return -error;
}

std::optional<std::int32_t> Splices::drain(Entry& entry) {
  const ssize_t drained = splice_into_socket(entry.pipe.read_end, entry.to, entry.piped);
  if (drained < 0) {
    const int error = errno;
    if (error == EAGAIN || error == EINTR) return std::nullopt;
    discard(entry.pipe);
    return -EPIPE;
  }
  entry.piped -= static_cast<std::size_t>(drained);
  entry.moved += static_cast<std::int32_t>(drained);
  if (entry.piped != 0) return std::nullopt;
  idle_pipes_.push_back(std::exchange(entry.pipe, {}));
  return entry.moved;
}

void Splices::abandon(std::int32_t number) {
  Entry& entry = entries_[static_cast<std::size_t>(number)];
  if (entry.piped != 0) discard(entry.pipe);
  free_.push_back(number);
}

}  // namespace headrace::core::uring
