// The words of limits in the shared region.
//
//   LimitHeader          one cache line: free step blocks, the accepted wall clock, alarms
//   SharedWord x marks   for every kEntriesPerMark entries: whose calendar pools have changed; each
//                        journal wipes a bit of its own
//   LimitEntry x slots   one cache line for each limit in use, found by its identity
//   StepBlock x blocks   the steps of sliding windows in use
//   ShareSlot x kSharesPerShard, for each incarnation and shard: what it holds of large limits
//
//   LimitEntry                                          StepBlock: one word a step, at step % 71
//   +-----------------------------------------------+   +--------------------------------------+
//   | name    fingerprint | incarnation | displaced |   | open step:   tag, `taken` at its     |
//   |         | generation | state                  |   |              begin + what came back   |
//   | taken   THE POOL: all credit ever taken       |   | closed step: tag, what was taken in   |
//   |         (bucket: time until which it is spent;|   |              it - what came back      |
//   |         concurrency: permits by incarnation)  |   +--------------------------------------+
//   | floor   tag | all credit that has come back   |      left = limit - (taken - floor)
//   |         (bucket: what may still come back)    |      taken only grows: no value of it comes
//   | turn    sliding: the step that is open;       |      twice, and one compare-and-swap of it
//   |         calendar: the limit's whole identity  |      takes credit
//   | steps   generation | step block               |
//   | span    length, or when the window ends       |
//   | traits  kind | closed                         |   The high bit of `taken` says that the entry
//   | reach   how far entries lie from their home   |   is being forgotten: nobody can take of it
//   +-----------------------------------------------+
//
// A window moves on by one compare-and-swap of `floor`, whose tag then names the new step or
// window. Whoever finds a turn half done finishes it: each of its stores is a compare-and-swap of
// what was there before, so that nothing is done twice, and it matters to nobody who dies in
// between.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/limits/limit_terms.h"
#include "core/limits/shared_word.h"
#include "core/region_layout.h"

namespace headrace::core {

struct alignas(64) LimitEntry {
  SharedWord name;
  SharedWord taken;
  SharedWord floor;
  SharedWord turn;
  SharedWord steps;
  SharedWord span;
  SharedWord traits;
  SharedWord reach;  // belongs to the place, not to the limit that stands in it
};

static_assert(sizeof(LimitEntry) == kLimitEntryBytes);

// A window is 64 steps; the 65th is the one that it begins in the middle of. What remains is room
// so that the block is whole cache lines.
inline constexpr std::uint64_t kStepsPerWindow = 64;
inline constexpr std::uint64_t kStepWords = 71;

struct alignas(64) StepBlock {
  std::array<SharedWord, kStepWords> steps;
  SharedWord next_free;
};

static_assert(sizeof(StepBlock) == kLimitStepBlockBytes);
static_assert(kStepWords > kStepsPerWindow + 1);

// A receipt (core/limits/permit.h) for a slice, and what is left of it. Written by its shard alone;
// by its successor after its death.
struct alignas(64) ShareSlot {
  SharedWord name;     // of the entry; 0: no share
  SharedWord balance;  // unspent, or on its way (share_claim.h)
  SharedWord slice;    // what was taken from the node
  SharedWord taken_at;
  SharedWord place;
  SharedWord kind;
  SharedWord refill;
  SharedWord span_nanos;
};

static_assert(sizeof(ShareSlot) == kLimitShareBytes);
inline constexpr std::uint32_t kSharesPerShard = kLimitSharesPerShard;

struct alignas(64) LimitHeader {
  SharedWord free_blocks;    // turn | index + 1 of the first free step block; 0: see fresh_blocks
  SharedWord fresh_blocks;   // step blocks from here on were never used
  SharedWord wall_offset;    // accepted wall clock minus monotonic clock; 0: never told
  SharedWord wall_proposed;  // the same as the system says, where that was not accepted
  SharedWord limits_closed;  // since the region was made
  SharedWord pools_known;    // calendar pools are here, as of the journal: 1
  SharedWord wall_seal;      // of wall_offset; 0: an older version told it
};

static_assert(sizeof(LimitHeader) == kLimitHeaderBytes);
static_assert(sizeof(SharedWord) == kLimitMarkBytes);
inline constexpr std::uint32_t kEntriesPerMark = kLimitEntriesPerMark;
inline constexpr std::uint64_t kAllMarks = (std::uint64_t{1} << kIncarnationsMax) - 1;

// A tag and a value in one word: the tag is the low 16 bits of a step's or window's number.
struct TaggedWord {
  static constexpr unsigned kValueBits = 48;
  static constexpr std::uint64_t kValueMask = (std::uint64_t{1} << kValueBits) - 1;

  static constexpr std::uint64_t pack(std::uint64_t tag, std::uint64_t value) {
    return tag << kValueBits | (value & kValueMask);
  }
  static constexpr std::uint64_t tag(std::uint64_t word) { return word >> kValueBits; }
  static constexpr std::uint64_t value(std::uint64_t word) { return word & kValueMask; }
  // Of a difference of two values.
  static constexpr std::int64_t difference(std::uint64_t minuend, std::uint64_t subtrahend) {
    return static_cast<std::int64_t>((minuend - subtrahend) << (64U - kValueBits)) >>
           (64U - kValueBits);
  }
};

// In LimitEntry::taken.
inline constexpr std::uint64_t kForgotten = std::uint64_t{1} << 63U;

// What was spent, debt included, beyond which the words were overwritten by somebody. It fits the
// difference of two values.
inline constexpr std::int64_t kSpentMax = kCreditMax + kCreditMax / 2;

}  // namespace headrace::core
