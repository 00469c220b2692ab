// TLS: what a record costs each way, through our record layer and through the library by itself,
// and what a handshake costs. AES-128-GCM over TLS 1.3, both ends on this core.
#include <benchmark/benchmark.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

constexpr std::size_t kBatch = 128;

// A server of ours with a client that speaks 1.3 (our record layer) or 1.2 (the library's records,
// with the same cipher), established and past its tickets.
struct Pair {
  World world;
  End server = world.server();
  LibraryEnd client;

  explicit Pair(int version) {
    SSL_CTX_set_max_proto_version(client.context.get(), static_cast<std::uint16_t>(version));
    client.begin(true);
    connect(client, server);
    server.send("x");
    exchange(client, server);
  }
};

void seal(benchmark::State& state, int version) {
  Pair pair(version);
  std::string text = pattern(static_cast<std::size_t>(state.range(0)));
  const iovec slice{text.data(), text.size()};
  std::vector<std::byte> room(sealed_bytes_max(text.size(), 1) + kRoomBytesMin);
  for (auto _ : state) {
    const WriteStep step = pair.server.session.write({&slice, 1}, room);
    if (step.consumed != text.size()) state.SkipWithError("not sealed");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void BM_TlsSealOurs(benchmark::State& state) {
  seal(state, TLS1_3_VERSION);
}
void BM_TlsSealLibrary(benchmark::State& state) {
  seal(state, TLS1_2_VERSION);
}
BENCHMARK(BM_TlsSealOurs)->Arg(256)->Arg(1500)->Arg(16384);
BENCHMARK(BM_TlsSealLibrary)->Arg(256)->Arg(1500)->Arg(16384);

// Head and body as two slices, gathered into one record.
void BM_TlsSealOursTwoSlices(benchmark::State& state) {
  Pair pair(TLS1_3_VERSION);
  std::string text = pattern(static_cast<std::size_t>(state.range(0)));
  const iovec slices[] = {{text.data(), 300}, {text.data() + 300, text.size() - 300}};
  std::vector<std::byte> room(sealed_bytes_max(text.size(), 2) + kRoomBytesMin);
  for (auto _ : state) {
    benchmark::DoNotOptimize(pair.server.session.write(slices, room).produced);
  }
}
BENCHMARK(BM_TlsSealOursTwoSlices)->Arg(1500);

// Whole records when `slice_bytes` is 0, otherwise as the network cuts them.
void open(benchmark::State& state, int version, std::size_t slice_bytes) {
  Pair pair(version);
  const std::string text = pattern(static_cast<std::size_t>(state.range(0)));
  std::string wire;
  std::span<std::byte> rest;
  for (auto _ : state) {
    if (rest.empty()) {
      state.PauseTiming();
      for (std::size_t i = 0; i < kBatch; ++i)
        pair.client.send(text);
      wire = std::exchange(pair.client.to_send, {});
      rest = std::as_writable_bytes(std::span(wire));
      state.ResumeTiming();
    }
    std::size_t opened = 0;
    while (opened < text.size()) {
      const std::size_t size = slice_bytes == 0 ? wire.size() / kBatch : slice_bytes;
      std::span<std::byte> slice = rest.first(std::min(size, rest.size()));
      rest = rest.subspan(slice.size());
      ReadStep step = pair.server.session.read(slice);
      while (step.status == ReadStatus::plaintext) {
        opened += step.plaintext.size();
        step = pair.server.session.read(slice);
      }
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void BM_TlsOpenOurs(benchmark::State& state) {
  open(state, TLS1_3_VERSION, 0);
}
void BM_TlsOpenLibrary(benchmark::State& state) {
  open(state, TLS1_2_VERSION, 0);
}
BENCHMARK(BM_TlsOpenOurs)->Arg(256)->Arg(1500)->Arg(16384);
BENCHMARK(BM_TlsOpenLibrary)->Arg(256)->Arg(1500)->Arg(16384);

// Every record spans slices, and is put together first.
void BM_TlsOpenOursFrom4KiBSlices(benchmark::State& state) {
  open(state, TLS1_3_VERSION, 4096);
}
BENCHMARK(BM_TlsOpenOursFrom4KiBSlices)->Arg(16384);

// --- keys and handshakes ------------------------------------------------------------------------

// More connections than slots, so that each record expands its key first.
void BM_TlsSealExpandingTheKey(benchmark::State& state) {
  Workspace shard(2);
  World world;
  std::vector<End> servers;
  std::vector<End> clients;
  const auto context = ServerContext::build(world.server_options());
  for (int i = 0; i < 3; ++i) {
    servers.emplace_back(Session::accept(*context, shard));
    clients.push_back(world.client());
    connect(clients.back(), servers.back());
  }
  std::string text = pattern(1500);
  const iovec slice{text.data(), text.size()};
  std::vector<std::byte> room(4096);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(servers[at].session.write({&slice, 1}, room).produced);
    at = (at + 1) % servers.size();
  }
  state.counters["expansions"] = benchmark::Counter(
      static_cast<double>(shard.counters().key_expansions), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_TlsSealExpandingTheKey);

void BM_TlsHandshakeBothEnds(benchmark::State& state) {
  World world;
  const auto context = ServerContext::build(world.server_options());
  const auto client_context = ClientContext::build(world.client_options());
  ResumptionCache cache;
  const bool resumed = state.range(0) == 1;
  for (auto _ : state) {
    End server = world.server(*context);
    End client(Session::connect(*client_context, world.client_shard, resumed ? &cache : nullptr));
    connect(client, server);
    server.send("answer");
    exchange(client, server);
    if (client.received.empty()) state.SkipWithError("no handshake");
  }
  state.SetLabel(resumed ? "resumed" : "full");
}
BENCHMARK(BM_TlsHandshakeBothEnds)->Arg(0)->Arg(1);

}  // namespace
}  // namespace headrace::net::tls::test
