// Splices in progress, and the pipes that they go through.
//
//   wait until `from` has bytes -> from -> pipe -> to --all handed on--> over
//                                            ^     |
//                                            +- wait until `to` has room
//
// The moves are made on the shard's own thread (splice(2), which then waits for nothing); the
// waiting is a poll in the ring. IORING_OP_SPLICE would hand every move to a worker thread of the
// kernel: two thread switches for what takes microseconds. A pipe is held only while bytes lie in
// it, and the one given back last is taken first, so that one hot pipe serves all flows whose
// readers keep up.
//
// Threads: one shard's. Lifetime: an entry lives from Io::splice() to its completion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/io.h"

namespace headrace::core::uring {

class Splices {
 public:
  // What to wait for before the next step.
  struct Awaited {
    int descriptor;
    std::uint32_t events;
  };

  Splices(std::uint32_t pipes_max, std::uint32_t pipe_bytes);
  ~Splices();
  Splices(const Splices&) = delete;
  Splices& operator=(const Splices&) = delete;

  std::int32_t add(Socket from, Socket to, std::size_t bytes);
  [[nodiscard]] Awaited awaited(std::int32_t number) const;
  [[nodiscard]] bool held_up(std::int32_t number) const {
    return entries_[static_cast<std::size_t>(number)].piped != 0;
  }
  // To be called when what was awaited has come. A result when the splice is over.
  std::optional<std::int32_t> step(std::int32_t number);
  // Ends one that waits; what lies in its pipe is lost.
  void abandon(std::int32_t number);

 private:
  struct Pipe {
    int read_end = -1;
    int write_end = -1;
  };
  struct Entry {
    int from = -1;
    int to = -1;
    std::size_t bytes = 0;
    Pipe pipe{};             // held while bytes lie in it
    std::size_t piped = 0;   // bytes that do
    std::int32_t moved = 0;  // bytes that came through
  };

  std::optional<std::int32_t> fill(Entry& entry);
  std::optional<std::int32_t> drain(Entry& entry);
  bool take_pipe(Pipe& pipe);
  void discard(Pipe& pipe);

  const std::uint32_t pipes_max_;
  const std::uint32_t pipe_bytes_;
  std::uint32_t pipes_ = 0;
  std::vector<Pipe> idle_pipes_;
  std::vector<Entry> entries_;
  std::vector<std::int32_t> free_;
};

}  // namespace headrace::core::uring
