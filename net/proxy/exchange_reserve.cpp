// The reserve stage of an exchange: tokens and money.
#include "net/proxy/exchange.h"

namespace headrace::net {

policy::Verdict Exchange::reserve() {
  return policy::Verdict::go;
}

}  // namespace headrace::net
