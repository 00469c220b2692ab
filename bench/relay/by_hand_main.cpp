// headrace-relay-by-hand: what headrace-relay does, written straight onto liburing without the
// seam, as lean as it gets: no leases, no generations, no checks. The seam may cost a few percent
// more than this, and is measured against it.
//
// The same moves as bench/relay/flow.h: multishot receives into small provided buffers, bulk ones
// one at a time once four pile up, one send at a time, one io_uring_enter a turn. It makes no
// promises beyond a benchmark: errors end the connection.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/relay/plain_sockets.h"
#include "bench/relay/relay_command_line.h"

namespace {

using headrace::bench::die;

constexpr unsigned kEntries = 1024;
constexpr unsigned kCompletions = 8192;
constexpr unsigned kBatch = 256;
constexpr unsigned kHeldMax = 4;
constexpr unsigned kSlicesMax = 16;
constexpr int kSmallMessage = 8192;
constexpr int kBulkPatience = 2;
constexpr std::uint16_t kSendVectorized = 1U << 5;

enum Kind : std::uint64_t { kAccept, kConnect, kReceive, kSend, kOther };
constexpr std::uint64_t kKindMask = 7;

struct Group {
  io_uring_buf_ring* ring;
  char* memory;
  unsigned buffers;
  unsigned bytes;
  unsigned stride;
  std::uint16_t tail;

  [[nodiscard]] char* start(unsigned index) const { return memory + std::size_t{index} * stride; }
  void give_back(unsigned index) {
    io_uring_buf& entry = reinterpret_cast<io_uring_buf*>(ring)[tail++ & (buffers - 1)];
    entry.addr = reinterpret_cast<std::uint64_t>(start(index));
    entry.len = bytes;
    entry.bid = static_cast<std::uint16_t>(index);
  }
  void publish() { __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE); }
};

struct Held {
  unsigned group;
  unsigned index;
  unsigned size;
};

struct Connection;

struct Flow {
  Connection* connection;
  int from;
  int to;
  std::vector<Held> held;
  unsigned sending;
  unsigned sending_bytes;
  unsigned receive_group;
  bool receiving;
  bool send_in_flight;
  bool other_in_flight;
  int bulk;  // small messages until bulk ends; 0: not bulk
  bool ended;
  bool passed_on;
  bool failed;
};

struct Connection {
  Flow flows[2];
};

io_uring ring;
Group groups[2];
std::vector<Connection*> idle;
sockaddr_in upstream_address;
int listener;

io_uring_sqe* slot(void* object, Kind kind) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  if (sqe == nullptr) {
    io_uring_submit(&ring);
    sqe = io_uring_get_sqe(&ring);
  }
  sqe->user_data = reinterpret_cast<std::uint64_t>(object) | kind;
  return sqe;
}

void make_group(unsigned number, unsigned buffers, unsigned bytes) {
  Group& group = groups[number];
  group = {nullptr, nullptr, buffers, bytes, bytes + 1088, 0};
  const std::size_t size = std::size_t{buffers} * group.stride;
  group.memory = static_cast<char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  group.ring = static_cast<io_uring_buf_ring*>(mmap(nullptr, buffers * sizeof(io_uring_buf),
                                                    PROT_READ | PROT_WRITE,
                                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(group.ring);
  registration.ring_entries = buffers;
  registration.bgid = static_cast<std::uint16_t>(number);
  if (io_uring_register_buf_ring(&ring, &registration, 0) != 0) die("register_buf_ring");
  for (unsigned i = 0; i < buffers; ++i)
    group.give_back(i);
  group.publish();
}

void arm_accept() {
  io_uring_sqe* sqe = slot(nullptr, kAccept);
  const std::uint64_t mark = sqe->user_data;
  io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
  sqe->user_data = mark;
}

void receive(Flow& flow) {
  io_uring_sqe* sqe = slot(&flow, kReceive);
  const std::uint64_t mark = sqe->user_data;
  io_uring_prep_recv(sqe, flow.from, nullptr, 0, 0);
  sqe->user_data = mark;
  sqe->flags = IOSQE_BUFFER_SELECT;
  flow.receive_group = flow.bulk != 0 ? 1 : 0;
  sqe->buf_group = static_cast<std::uint16_t>(flow.receive_group);
  if (flow.bulk == 0) sqe->ioprio = IORING_RECV_MULTISHOT;
  flow.receiving = true;
}

// Vectors must stay until the kernel took them: one set for each place in the submission queue.
iovec vectors[kEntries][kSlicesMax];
unsigned vectors_used;

void send_held(Flow& flow) {
  io_uring_sqe* sqe = slot(&flow, kSend);
  const std::uint64_t mark = sqe->user_data;
  flow.sending =
      flow.held.size() < kSlicesMax ? static_cast<unsigned>(flow.held.size()) : kSlicesMax;
  flow.sending_bytes = 0;
  constexpr int kFlags = MSG_NOSIGNAL | MSG_WAITALL;
  if (flow.sending == 1) {
    const Held& held = flow.held[0];
    flow.sending_bytes = held.size;
    io_uring_prep_send(sqe, flow.to, groups[held.group].start(held.index), held.size, kFlags);
  } else {
    iovec* slices = vectors[vectors_used++ % kEntries];
    for (unsigned i = 0; i < flow.sending; ++i) {
      const Held& held = flow.held[i];
      slices[i] = {groups[held.group].start(held.index), held.size};
      flow.sending_bytes += held.size;
    }
    io_uring_prep_send(sqe, flow.to, slices, flow.sending, kFlags);
    sqe->ioprio = kSendVectorized;
  }
  sqe->user_data = mark;
  flow.send_in_flight = true;
}

void end(Connection& connection) {
  for (Flow& flow : connection.flows) {
    if (!flow.failed) {
      flow.failed = true;
      shutdown(flow.from, SHUT_RDWR);
    }
  }
  for (Flow& flow : connection.flows) {
    if (flow.receiving || flow.send_in_flight || flow.other_in_flight) return;
  }
  for (Flow& flow : connection.flows) {
    for (const Held& held : flow.held)
      groups[held.group].give_back(held.index);
    flow.held.clear();
    close(flow.from);
  }
  idle.push_back(&connection);
}

void go_on(Flow& flow) {
  if (flow.failed) {
    end(*flow.connection);
    return;
  }
  if (flow.send_in_flight) return;
  if (!flow.held.empty()) {
    send_held(flow);
  } else if (flow.receiving || flow.other_in_flight) {
    return;
  } else if (!flow.ended) {
    receive(flow);
  } else if (!flow.passed_on) {
    flow.passed_on = true;
    shutdown(flow.to, SHUT_WR);
    if (flow.connection->flows[0].passed_on && flow.connection->flows[1].passed_on) {
      end(*flow.connection);
    }
  }
}

void on_accepted(const io_uring_cqe& cqe) {
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) arm_accept();
  if (cqe.res < 0) return;
  const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (idle.empty()) idle.push_back(new Connection{});
  Connection* connection = idle.back();
  idle.pop_back();
  for (Flow& flow : connection->flows) {
    flow.connection = connection;
    flow.receiving = flow.send_in_flight = flow.other_in_flight = false;
    flow.bulk = 0;
    flow.ended = flow.passed_on = flow.failed = false;
  }
  connection->flows[0].from = connection->flows[1].to = cqe.res;
  connection->flows[0].to = connection->flows[1].from = upstream;
  io_uring_sqe* sqe = slot(connection, kConnect);
  const std::uint64_t mark = sqe->user_data;
  io_uring_prep_connect(sqe, upstream, reinterpret_cast<const sockaddr*>(&upstream_address),
                        sizeof upstream_address);
  sqe->user_data = mark;
}

void on_received(Flow& flow, int result, unsigned flags) {
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  flow.receiving = more;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned group = flow.receive_group;
    flow.held.push_back({group, flags >> IORING_CQE_BUFFER_SHIFT, static_cast<unsigned>(result)});
    if (group == 1) {
      const bool big = (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0 || result > kSmallMessage;
      flow.bulk = big ? kBulkPatience : flow.bulk - 1;
    } else if (flow.held.size() >= kHeldMax && !flow.other_in_flight) {
      flow.bulk = kBulkPatience;
      if (more) {
        io_uring_sqe* sqe = slot(&flow, kOther);
        const std::uint64_t mark = sqe->user_data;
        io_uring_prep_cancel64(sqe, reinterpret_cast<std::uint64_t>(&flow) | kReceive, 0);
        sqe->user_data = mark;
        flow.other_in_flight = true;
      }
    }
  } else if (result == 0) {
    flow.ended = true;
  } else if (result != -ECANCELED && result != -ENOBUFS) {
    flow.failed = true;
  }
  go_on(flow);
}

void on_sent(Flow& flow, int result) {
  flow.send_in_flight = false;
  if (result != static_cast<int>(flow.sending_bytes)) flow.failed = true;
  for (unsigned i = 0; i < flow.sending; ++i) {
    groups[flow.held[i].group].give_back(flow.held[i].index);
  }
  flow.held.erase(flow.held.begin(), flow.held.begin() + flow.sending);
  go_on(flow);
}

void on_connected(Connection& connection, int result) {
  if (result < 0) {
    end(connection);
    return;
  }
  receive(connection.flows[0]);
  receive(connection.flows[1]);
}

void handle(const io_uring_cqe& cqe) {
  // The kernel carries the address as a number.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void* object = reinterpret_cast<void*>(cqe.user_data & ~kKindMask);
  switch (static_cast<Kind>(cqe.user_data & kKindMask)) {
    case kAccept:
      on_accepted(cqe);
      break;
    case kConnect:
      on_connected(*static_cast<Connection*>(object), cqe.res);
      break;
    case kReceive:
      on_received(*static_cast<Flow*>(object), cqe.res, cqe.flags);
      break;
    case kSend:
      on_sent(*static_cast<Flow*>(object), cqe.res);
      break;
    case kOther:
      static_cast<Flow*>(object)->other_in_flight = false;
      go_on(*static_cast<Flow*>(object));
      break;
  }
}

}  // namespace

// What escapes ends the program, with its message.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int count, char** arguments) {
  const headrace::bench::RelayCommandLine line =
      headrace::bench::read_command_line("The bare TCP relay, by hand", count, arguments);
  headrace::bench::run_on(line.cpu);
  upstream_address = headrace::bench::parse_address(line.upstream);
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletions;
  if (io_uring_queue_init_params(kEntries, &ring, &params) != 0) die("io_uring");
  io_uring_register_ring_fd(&ring);
  make_group(0, 1024, 4096);
  make_group(1, 8, 128 * 1024);
  listener = headrace::bench::listen_on(line.listen);
  arm_accept();
  static io_uring_cqe* batch[kBatch];
  for (;;) {
    groups[0].publish();
    groups[1].publish();
    io_uring_submit_and_wait(&ring, 1);
    const unsigned ready = io_uring_peek_batch_cqe(&ring, batch, kBatch);
    for (unsigned i = 0; i < ready; ++i)
      handle(*batch[i]);
    io_uring_cq_advance(&ring, ready);
  }
}
