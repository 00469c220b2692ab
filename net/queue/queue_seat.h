// A request's seat in a queue (policy/queue/queue_desk.h), on the side of its own shard. It
// outlives the request: the desk may still have something to say to it.
//
// Threads: the asker's shard; the ticket in it is the desk's in between (queue_ticket.h).
#pragma once

#include "net/queue/queue_user.h"
#include "policy/queue/queue_ticket.h"
#include "policy/quota/limit_chain.h"

namespace headrace::net {

struct QueueSeat : policy::QueueTicket {
  QueueSeat(QueueUser& asks, const policy::ChainedLimit& by) : user(&asks), refused_by(by) {}

  QueueUser* user;                  // null once it has left or was served
  policy::ChainedLimit refused_by;  // what its client is told of, if it waits in vain
  bool turn = false;                // it is its turn
};

}  // namespace headrace::net
