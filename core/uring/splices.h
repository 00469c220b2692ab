// Splices in progress. Each is tried at once on the shard's own thread, which costs one system
// call; where nothing can move yet, a poll in the ring tells when to try again. (IORING_OP_SPLICE
// would hand every one to a worker thread: two thread switches for what takes microseconds.)
//
// Threads: one shard's. Lifetime: an entry lives from Io::splice() to its completion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/io.h"

namespace headrace::core::uring {

struct Splice {
  int from = -1;
  int to = -1;
  std::size_t bytes = 0;
  SendMore more = SendMore::no;

  // What to wait for before the next attempt.
  struct Awaited {
    int descriptor;
    std::uint32_t events;
  };

  // True: it is over, with `result`. False: nothing could move; wait for next_awaited().
  bool attempt();
  // The socket first; where it was ready and yet nothing moved, the pipe, and so in turns.
  Awaited next_awaited();
  [[nodiscard]] bool waits() const;

  std::int32_t result = 0;
  bool waits_for_pipe_next = false;
};

class Splices {
 public:
  std::int32_t add(const Splice& splice);
  // Ends it and returns its result.
  std::int32_t take_result(std::int32_t number);
  Splice& operator[](std::int32_t number) { return entries_[static_cast<std::size_t>(number)]; }

 private:
  std::vector<Splice> entries_;
  std::vector<std::int32_t> free_;
};

}  // namespace headrace::core::uring
