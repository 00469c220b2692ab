// The admit stage of an exchange: requests and concurrency.
#include "net/proxy/exchange.h"

namespace headrace::net {

policy::Verdict Exchange::admit() {
  return policy::Verdict::go;
}

}  // namespace headrace::net
