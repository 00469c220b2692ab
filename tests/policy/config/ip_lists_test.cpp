// Networks: the tree that a base holds against a slow and obvious list of ranges.
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/cidr.h"
#include "policy/guard.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

core::SocketAddress address(std::string_view text) {
  return core::SocketAddress::from_ip(text, 1234).value();
}

std::string config_of(const std::vector<std::string>& networks) {
  std::string list;
  for (const std::string& network : networks)
    list += (list.empty() ? "\"" : ", \"") + network + "\"";
  return "listeners: [{address: '127.0.0.1:1', ip_allow: [l]}]\nip_lists: [{name: l, networks: [" +
         list + "]}]\n";
}

bool allowed(const OpenConfig& config, std::string_view text) {
  return config.view.ip().contains(config.view.listeners()[0].ip_set, address(text));
}

TEST(IpLists, HoldAtTheEdgesOfNetworks) {
  const OpenConfig config(config_of({"10.0.0.0/8", "192.0.2.7", "192.0.2.128/25", "203.0.113.0/30",
                                     "2001:db8::/32", "2001:db9::1", "fd00::/8"}));
  ASSERT_TRUE(config.good());
  for (const char* in :
       {"10.0.0.0", "10.255.255.255", "192.0.2.7", "192.0.2.128", "192.0.2.255", "203.0.113.0",
        "203.0.113.3", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::1",
        "fd12::1", "::ffff:10.1.2.3", "::ffff:192.0.2.7"}) {
    EXPECT_TRUE(allowed(config, in)) << in;
  }
  for (const char* out : {"9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "192.0.2.127",
                          "203.0.113.4", "2001:db7:ffff::", "2001:db9::", "2001:db9::2", "fe00::1",
                          "::ffff:11.0.0.0", "::10.0.0.1", "::1", "0.0.0.0"}) {
    EXPECT_FALSE(allowed(config, out)) << out;
  }
}

TEST(IpLists, EverythingIsEverythingOfItsFamily) {
  const OpenConfig v4(config_of({"0.0.0.0/0"}));
  ASSERT_TRUE(v4.good());
  EXPECT_TRUE(allowed(v4, "255.255.255.255"));
  EXPECT_TRUE(allowed(v4, "::ffff:1.2.3.4"));
  EXPECT_FALSE(allowed(v4, "::1"));
  const OpenConfig v6(config_of({"::/0"}));
  ASSERT_TRUE(v6.good());
  EXPECT_TRUE(allowed(v6, "::1"));
  EXPECT_TRUE(allowed(v6, "ffff::"));
  EXPECT_FALSE(allowed(v6, "1.2.3.4"));
  EXPECT_FALSE(allowed(v6, "::ffff:1.2.3.4"));
}

TEST(IpLists, AgreeWithAPlainListOfRanges) {
  std::mt19937_64 random(7);
  std::vector<std::string> networks;
  std::vector<core::Cidr> ranges;
  while (networks.size() < 3000) {
    const bool v4 = random() % 2 == 0;
    const unsigned bits = static_cast<unsigned>(22 + random() % 11);
    // Few distinct beginnings, so that many lie within each other.
    std::string text;
    if (v4) {
      const std::uint32_t value = static_cast<std::uint32_t>(random()) & 0x0303ffffU;
      const std::uint32_t mask = ~0U << (32 - bits);
      const std::uint32_t network = value & mask;
      text = fmt::format("{}.{}.{}.{}/{}", network >> 24U, network >> 16U & 255U,
                         network >> 8U & 255U, network & 255U, bits);
    } else {
      text = fmt::format("2001:db8:{:x}::/{}", random() % 16, 48 + random() % 2);
    }
    const auto range = core::Cidr::parse(text);
    if (!range || std::ranges::find(networks, text) != networks.end()) continue;
    networks.push_back(text);
    ranges.push_back(*range);
    if (networks.size() > 200 && random() % 100 == 0) break;
  }
  const OpenConfig config(config_of(networks));
  ASSERT_TRUE(config.good());
  std::size_t in = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint32_t value = static_cast<std::uint32_t>(random()) & 0x0303ffffU;
    const auto probe =
        random() % 4 == 0
            ? address(fmt::format("2001:db8:{:x}:{:x}::1", random() % 16, random() % 65536))
            : address(fmt::format("{}.{}.{}.{}", value >> 24U, value >> 16U & 255U,
                                  value >> 8U & 255U, value & 255U));
    const bool expected =
        std::ranges::any_of(ranges, [&](const core::Cidr& range) { return range.contains(probe); });
    ASSERT_EQ(config.view.ip().contains(config.view.listeners()[0].ip_set, probe), expected)
        << probe.text();
    in += expected ? 1 : 0;
  }
  EXPECT_GT(in, 1000U);
  EXPECT_LT(in, 199'000U);
}

TEST(IpLists, ListenersTenantsAndKeysAreAskedInTurn) {
  const OpenConfig config(R"(
listeners: [{address: "127.0.0.1:1", ip_allow: [near, far]}, {address: "127.0.0.1:2"}]
ip_lists:
  - {name: near, networks: [10.0.0.0/8]}
  - {name: far, networks: ["2001:db8::/32", 192.0.2.0/24]}
  - {name: one, networks: [10.1.1.1]}
tenants: [{name: a, ip_allow: [near]}, {name: b}]
keys:
  - {name: a, key: key-of-a-000000000, tenant: a}
  - {name: one, key: key-of-one-0000000, tenant: a, ip_allow: [one]}
  - {name: b, key: key-of-b-000000000, tenant: b}
)");
  ASSERT_TRUE(config.good());
  const auto judged = [&](std::size_t listener, std::uint32_t key, const char* from) {
    const core::SocketAddress where = address(from);
    HeadFacts head;
    head.address = &where;
    head.listener_ip_set = config.view.listeners()[listener].ip_set;
    return row(judge_address(config.view, config.view.scopes().caller(config.view.keys()[key]),
                             head))
        .name;
  };
  EXPECT_EQ(judged(0, 2, "10.9.9.9"), "none");
  EXPECT_EQ(judged(0, 2, "192.0.2.9"), "none");
  EXPECT_EQ(judged(0, 2, "11.9.9.9"), "listener_address");
  EXPECT_EQ(judged(1, 2, "11.9.9.9"), "none");
  EXPECT_EQ(judged(0, 0, "192.0.2.9"), "tenant_address");
  EXPECT_EQ(judged(0, 1, "10.9.9.9"), "key_address");
  EXPECT_EQ(judged(0, 1, "::ffff:10.1.1.1"), "none");
  // From no IP address at all.
  const Caller caller = config.view.scopes().caller(config.view.keys()[0]);
  EXPECT_EQ(judge_address(config.view, caller, {}), GuardRule::tenant_address);
  EXPECT_EQ(judge_address(config.view, config.view.scopes().caller(config.view.keys()[2]), {}),
            GuardRule::none);
}

TEST(IpLists, NamesLeadSomewhere) {
  for (const char* text :
       {"listeners: [{address: '127.0.0.1:1', ip_allow: [x]}]\n",
        "listeners: [{address: '127.0.0.1:1'}]\ntenants: [{name: a, ip_allow: [x]}]\n",
        "listeners: [{address: '127.0.0.1:1'}]\n"
        "keys: [{name: a, key: 0123456789abcdef, ip_allow: [x]}]\n"}) {
    EXPECT_TRUE(errors_of(text).contains("there is no IP list `x`")) << text;
  }
}

}  // namespace
}  // namespace headrace::policy::config
