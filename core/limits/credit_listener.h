// Who wants to hear that credit of a limit came back before its time: what was reserved and not
// used, a permit of a concurrency limit, what a shard held in a share. Credit that comes back with
// time is not told of: that moment is known before.
#pragma once

#include <cstdint>

namespace headrace::core {

class CreditListener {
 public:
  // It is there now. Called amid settle(), refund() and tend(): takes nothing itself.
  virtual void on_credit_back(std::uint64_t identity) = 0;

 protected:
  ~CreditListener() = default;
};

}  // namespace headrace::core
