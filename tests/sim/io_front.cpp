// core::Io as the simulator has it: linked instead of core/uring's.
#include <cerrno>

#include "core/io.h"
#include "tests/sim/sim_io.h"
#include "tests/sim/world.h"

namespace headrace::core {

class Io::Backend {
 public:
  explicit Backend(const IoOptions& options) : io(options), features(options.features) {}
  sim::SimIo io;
  IoFeatures features;
};

namespace {
int number(Socket socket) {
  return static_cast<int>(socket);
}
}  // namespace

Io::Io(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}
Io::~Io() = default;

std::expected<std::unique_ptr<Io>, std::string> Io::create(const IoOptions& options) {
  return std::unique_ptr<Io>(new Io(std::make_unique<Backend>(options)));
}

void Io::enable() {}
std::size_t Io::turn(Instant deadline) {
  return backend_->io.turn(deadline);
}
Instant Io::now() const {
  return sim::World::current().now();
}
Instant Io::clock_now() const {
  return now();
}
WallTime Io::wall_now() const {
  return sim::World::current().wall_now();
}
std::uint64_t Io::random() {
  return sim::World::current().random().next();
}
void Io::wake() {
  backend_->io.wake();
}
void Io::wake_from(Io&) {
  backend_->io.wake();
}

std::expected<Socket, int> Io::open_socket(int) {
  if (sim::World::current().strikes(sim::Fault::socket_fails)) return std::unexpected(ENFILE);
  return static_cast<Socket>(
      sim::World::current().new_descriptor(std::make_shared<sim::SimSocket>()));
}

std::expected<Socket, std::string> Io::listen(const SocketAddress& address, int) {
  auto socket = std::make_shared<sim::SimSocket>();
  socket->kind = sim::SimSocket::Kind::listening;
  socket->local = address;
  const int descriptor = sim::World::current().new_descriptor(socket);
  sim::World::current().register_listener(address, std::move(socket));
  return static_cast<Socket>(descriptor);
}

SocketAddress Io::local_address(Socket socket) const {
  return sim::World::current().socket_of(number(socket))->local;
}
SocketAddress Io::peer_address(Socket) const {
  return SocketAddress::from_ip("192.0.2.1", 40'000).value_or(SocketAddress{});
}
void Io::reset_on_close(Socket socket) {
  sim::World::current().socket_of(number(socket))->resets_on_close = true;
}
std::optional<Socket> Io::accept_now(Socket listener) {
  return backend_->io.accept_now(number(listener));
}
std::expected<Socket, int> Io::share_listener(Socket) {
  return std::unexpected(-EOPNOTSUPP);  // there are no Unix sockets here
}
void Io::close_now(Socket socket) {
  const auto closed = sim::World::current().socket_of(number(socket));
  sim::World::current().forget_descriptor(number(socket));
  if (closed->peer != nullptr) closed->peer->gateway_closed();
}

void Io::accept_multishot(Op& op, Socket listener) {
  backend_->io.start_accept(op, number(listener));
}
void Io::connect(Op& op, Socket socket, const SocketAddress& address) {
  backend_->io.start_connect(op, number(socket), address);
}
void Io::recv_multishot(Op& op, Socket socket, BufferGroup group) {
  backend_->io.start_receive(op, OpKind::recv_multishot, number(socket), group, {});
}
void Io::recv_provided(Op& op, Socket socket, BufferGroup group) {
  backend_->io.start_receive(op, OpKind::recv_provided, number(socket), group, {});
}
void Io::recv_into(Op& op, Socket socket, std::span<std::byte> into) {
  backend_->io.start_receive(op, OpKind::recv_into, number(socket), BufferGroup::small, into);
}
void Io::send(Op& op, Socket socket, std::span<const std::byte> bytes, SendMore) {
  const iovec slice{const_cast<std::byte*>(bytes.data()), bytes.size()};
  backend_->io.start_send(op, OpKind::send, number(socket), std::span(&slice, 1));
}
void Io::send_vector(Op& op, Socket socket, std::span<const iovec> slices, SendMore) {
  backend_->io.start_send(op, OpKind::send_vector, number(socket), slices);
}
void Io::splice(Op& op, Socket from, Socket to, std::size_t bytes) {
  backend_->io.start_splice(op, number(from), number(to), bytes);
}
bool Io::splice_held_up(const Op& op) const {
  return backend_->io.splice_held_up(op);
}
void Io::shutdown(Op& op, Socket socket, ShutdownSide side) {
  backend_->io.start_shutdown(op, number(socket), side);
}
void Io::close(Op& op, Socket socket) {
  backend_->io.start_close(op, number(socket));
}
void Io::cancel(Op& op, Op& target) {
  backend_->io.start_cancel(op, target);
}

const IoFeatures& Io::features() const {
  return backend_->features;
}
const IoCounters& Io::counters() const {
  return backend_->io.counters;
}
std::size_t Io::operations_in_flight() const {
  return backend_->io.in_flight();
}
std::size_t Io::buffers_leased(BufferGroup group) const {
  return group == BufferGroup::small ? backend_->io.small.leased() : backend_->io.bulk.leased();
}
std::size_t Io::planned_bytes(const IoOptions& options) {
  return std::size_t{options.small_buffers} * options.small_buffer_bytes +
         std::size_t{options.bulk_buffers} * options.bulk_buffer_bytes;
}

}  // namespace headrace::core
