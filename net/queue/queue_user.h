// Who waits for a spent limit: the exchange, as ShardQueue sees it.
#pragma once

#include "core/clock.h"

namespace headrace::net {

class QueueUser {
 public:
  // The limit may have room for it now. It says served(), again() or leave() before it does
  // anything else.
  virtual void on_queue_turn() = 0;
  // It would have waited for so long: too long, or there is no room. It leaves.
  virtual void on_queue_refused(core::Duration wait) = 0;

 protected:
  ~QueueUser() = default;
};

}  // namespace headrace::net
