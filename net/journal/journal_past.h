// What a journal holds from processes before this one, as far as their successor must know it:
// where each of their rings has got to, which intents have no record, what was spent of the pools.
//
// Only segments that nobody closed are read whole (their writer died), and as many of the newest as
// it takes to find a whole checkpoint: start-up does not grow with the journal.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/pool_spent.h"
#include "net/journal/journal_files.h"
#include "policy/record/record_id.h"
#include "policy/record/segment_writing.h"

namespace headrace::net {

// The longest segment that is read: one that a process can have written, with room to spare.
inline constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{4} << 30U;

struct JournalPast {
  // Of a ring and of its refusals: up to where they stand in the journal.
  struct Positions {
    std::uint64_t usage = 0;
    std::uint64_t refusals = 0;
  };
  // A segment without an end.
  struct Left {
    policy::SegmentIdentity identity;
    std::uint64_t bytes = 0;       // that hold
    std::uint64_t tail_bytes = 0;  // that do not
  };

  std::uint64_t last_number = 0;
  std::map<policy::RecordSource, Positions> positions;
  std::map<policy::RecordId, std::vector<std::byte>> open_intents;
  std::vector<Left> left;  // the oldest first
  // By what they are named by, and that name.
  std::map<std::pair<core::PoolNaming, std::uint64_t>, core::PoolSpent> pools;
  // That end within their heads: nothing is in them yet.
  std::vector<std::uint64_t> headless;
  // Of another version, or damaged at the front: somebody else can make more of them.
  struct Unreadable {
    std::uint64_t number = 0;
    std::string why;
  };
  std::vector<Unreadable> unreadable;
};

// A writer that still lives is not past: its segments are left alone.
using IsAlive = std::function<bool(std::uint64_t region, std::uint32_t epoch)>;

// Positions are the larger ones, everything else is both.
void add_past(JournalPast& past, JournalPast other);

std::expected<JournalPast, std::string> read_journal_past(JournalFiles& files,
                                                          const IsAlive& alive);

}  // namespace headrace::net
