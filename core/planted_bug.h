// Bugs that are planted on purpose, to show that the simulator finds them.
//
// A simulator that finds nothing proves little until one knows what it would find. Each bug here is
// a mistake that is easily made, planted by one line where it would be made:
//
//   if (planted(PlantedBug::buffer_returned_early)) out_.pop_front().reset();
//
// Only the sources that tests/sim/planted compiles a second time know the switch
// HEADRACE_PLANTED_BUGS; everywhere else planted() is false at compile time, and nothing of it is
// left in a program. The data plane refuses to be compiled with the switch on (net/main/main.cpp).
//
// Only .cpp files may ask: a header's functions are shared with sources that have no bugs.
// Threads: chosen once, before anything else runs.
#pragma once

#include <cstdint>

namespace headrace::core {

enum class PlantedBug : std::uint8_t {
  none,
  // memory
  buffer_returned_early,  // while the kernel still sends from it
  block_leaked,
  body_leaked,
  custody_leaked,  // a request whose sending outlived its exchange
  // receiving
  rearm_lost,           // a multishot receive that ended by itself
  starved_forgotten,    // a receive that waits for buffers
  accept_lost,          // a multishot accept that ended by itself
  proxied_source_lost,  // what a proxy says of whose the connection is
  // TLS
  tls_cut_taken_as_end,    // FIN without close_notify
  tls_block_let_go,        // while the kernel still sends from it
  tls_write_forgotten,     // begun while the last flight of the handshake was on its way
  tls_bytes_dropped,       // that came together with the end of the handshake
  tls_signature_lost,      // nobody goes on when it has come
  tls_block_wait_lost,     // nor when there is a block to encrypt into
  tls_goodbye_unsaid,      // close_notify
  tls_certificates_kept,   // after a reload
  tls_client_unverified,   // whatever certificate it shows
  tls_signer_wait_lost,    // as many signatures are under way as there may be, and one ends
  certificate_of_anybody,  // a good one that stands for no key lets its client in
  certificate_unshown,     // who comes again does not show its own anew
  // closing
  closed_in_flight,  // a descriptor, while operations on it run
  closed_twice,
  timer_left_armed,
  drained_left_open,      // an idle connection
  drained_while_waiting,  // for whatever its request waits
  // provider connections
  tunnels_send_told,        // that to the proxy on the way out, to who waits for the provider
  stale_waiter,             // who left is given a connection all the same
  names_unheard,            // addresses have come, and who waits for them is not told
  waiter_forgotten,         // a ready connection goes idle while somebody waits
  upstream_not_cancelled,   // the client has left
  returned_while_busy,      // a connection whose answer still comes goes back to the pool
  returned_with_leftovers,  // bytes behind the answer
  returned_never,
  replayed_again,
  // bodies
  rest_unsent,         // a request larger than one send
  last_chunk_dropped,  // of an answer
  error_event_unsent,  // at the end of a stream that broke
  upload_unended,      // a body that passes through
  held_event_dropped,  // an event that a buffer's end had cut
  pipelined_dropped,   // a request that came with the one before
  continue_unsent,
  // streams that are cut at their caps
  cut_amid_event,       // half of which is with the client
  ended_choice_again,   // ends with those that are open
  array_cut_as_events,  // of JSON
  cut_unrecorded,
  // retries
  retried_after_first_byte,  // the client has a part of an answer
  withheld_answer_sent,      // a failed answer goes out although the request will be sent again
  failed_answer_kept,        // ... or goes out before the next one
  // hedges
  beaten_call_kept,        // the connection of the call that lost
  beaten_call_counted,     // by its target, for ever
  beaten_call_unrecorded,  // its end
  hedge_unlimited,         // it takes nothing of its target's limits
  beaten_limits_kept,      // what the call that lost had taken of its target's
  beaten_call_uncounted,   // that it was sent
  // the cache
  cached_answer_let_go,  // while the kernel still sends from it
  unfit_answer_kept,     // a refusal, given to others too
  tenant_left_out,       // of what an answer is known by
  // pools that outlive their memory
  pool_named_by_place,  // in a table, where the next life has another one
  pool_change_unseen,   // by who keeps the journal
  // what is charged
  last_bytes_forgotten,  // of a request, with the kernel when its client leaves
  // what became of credit
  reservation_untold,  // of all of a request's limits but the first
  settlement_untold,
  refund_told_twice,
  lapse_untold,         // of what came back too late
  permit_part_dropped,  // the last limit of a settled request
  dead_left_holding,    // what the permits of a dead process held
  // queues for spent limits
  queue_wake_lost,       // one was served, and the next is not called
  queue_woken_twice,     // one is called while he has his turn
  queue_weight_ignored,  // every tenant counts as much as any other
  queue_entry_left,      // of who has left
  // answers and records
  answered_twice,
  recorded_twice,
  record_lost,
  audited_twice,
  refusal_unaudited,   // of what no route was known for
  decision_unaudited,  // of a stage
  stream_never_ended,  // by its gauge
  turn_not_asked_for,  // the rest of a large body is judged whenever somebody comes by
  count,
};

#if defined(HEADRACE_PLANTED_BUGS)
inline PlantedBug the_planted_bug = PlantedBug::none;
// What a program with the switch on is known by.
[[gnu::used]] inline constexpr char kPlantedBugsMark[] = "headrace-planted-bugs";
[[nodiscard]] inline bool planted(PlantedBug bug) {
  return bug == the_planted_bug;
}
#else
[[nodiscard]] constexpr bool planted(PlantedBug) {
  return false;
}
#endif

}  // namespace headrace::core
