#include "policy/config/provider_url.h"

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

TEST(ProviderUrl, TakesGoodOnesApart) {
  struct Case {
    const char* url;
    Scheme scheme;
    const char* host;
    const char* host_field;
    std::uint16_t port;
    const char* path_prefix;
  };
  const Case cases[] = {
      {"https://api.openai.com/v1", Scheme::https, "api.openai.com", "api.openai.com", 443, "/v1"},
      {"https://API.Anthropic.com", Scheme::https, "api.anthropic.com", "api.anthropic.com", 443,
       ""},
      {"https://x.example:8443/", Scheme::https, "x.example", "x.example:8443", 8443, ""},
      {"https://x.example:443/a/b//", Scheme::https, "x.example", "x.example", 443, "/a/b"},
      {"http://127.0.0.1:11434/v1", Scheme::http, "127.0.0.1", "127.0.0.1:11434", 11434, "/v1"},
      {"http://[::1]:80/v1", Scheme::http, "::1", "[::1]", 80, "/v1"},
      {"http://vllm_1:8000", Scheme::http, "vllm_1", "vllm_1:8000", 8000, ""},
      {"https://a.openai.azure.com/openai/deployments/gpt-4o", Scheme::https, "a.openai.azure.com",
       "a.openai.azure.com", 443, "/openai/deployments/gpt-4o"},
  };
  for (const Case& one : cases) {
    const auto url = parse_provider_url(one.url, true, false);
    ASSERT_TRUE(url) << one.url << ": " << url.error().message;
    EXPECT_EQ(url->scheme, one.scheme) << one.url;
    EXPECT_EQ(url->host, one.host) << one.url;
    EXPECT_EQ(url->host_field, one.host_field) << one.url;
    EXPECT_EQ(url->port, one.port) << one.url;
    EXPECT_EQ(url->path_prefix, one.path_prefix) << one.url;
    // What is printed again means the same.
    const auto again =
        parse_provider_url(url_text(url->scheme, url->host_field, url->path_prefix), true, false);
    ASSERT_TRUE(again) << one.url;
    EXPECT_EQ(again->port, url->port) << one.url;
    EXPECT_EQ(again->host_field, url->host_field) << one.url;
  }
}

// Refused whatever the switch says.
TEST(ProviderUrl, RefusesWhatCouldBeReadInTwoWays) {
  const char* const cases[] = {
      "",
      "api.openai.com",
      "ftp://api.openai.com",
      "HTTPS://api.openai.com",
      "https:/api.openai.com",
      "https://",
      "https:///v1",
      "https://user@api.openai.com",
      "https://user:password@api.openai.com",
      "https://api.openai.com@evil.example",
      "https://api.openai.com?x=1",
      "https://api.openai.com/v1?x=1",
      "https://api.openai.com#f",
      "https://api.openai.com/v1#f",
      "https://api.openai.com/../v1",
      "https://api.openai.com/v1/%2e%2e",
      "https://api.openai.com//v1",
      "https://api.openai.com/v1\\x",
      "https://api.openai.com/v1;x",
      "https://api.openai.com\\@evil.example",
      "https://api openai.com",
      "https://api.openai.com/v 1",
      "https://api.openai.com\t/v1",
      "https://api.openai.com:0",
      "https://api.openai.com:65536",
      "https://api.openai.com:",
      "https://api.openai.com:443:443",
      "https://api.openai.com:-1",
      "https://api.openai.com.",
      "https://.openai.com",
      "https://api..openai.com",
      "https://-api.openai.com",
      "https://api-.openai.com",
      "https://*.openai.com",
      "https://\xc3\xbc.example",
      "https://[::1",
      "https://::1",
      "https://[127.0.0.1]",
      "https://[::1%25lo]",
      "https://[v1.x]",
      "https://127.1",
      "https://2130706433",
      "https://0x7f000001",
      "https://0x7f.0.0.1",
      "https://0177.0.0.1",
      "https://127.0.0.01",
      "https://1.2.3.4.5",
      "https://1.2.3.256",
      "https://example.0x1",
      "https://169.254.169.254/latest",
      "http://169.254.169.254",
      "https://[::ffff:169.254.169.254]",
      "https://[fe80::1]",
      "https://[fd00:ec2::254]",
      "https://0.0.0.0",
      "https://[::]",
      "https://255.255.255.255",
      "https://metadata.google.internal",
      "https://METADATA.google.internal",
      "https://metadata",
      "https://instance-data",
  };
  for (const char* url : cases) {
    EXPECT_FALSE(parse_provider_url(url, true, false)) << url;
    EXPECT_FALSE(parse_provider_url(url, false, false)) << url;
  }
}

TEST(ProviderUrl, LoopbackPrivateAndPlainHttpNeedTheSwitch) {
  const char* const cases[] = {
      "https://127.0.0.1",       "https://127.8.8.8",     "https://[::1]",
      "https://localhost",       "https://a.localhost",   "https://LOCALHOST:9",
      "https://10.1.2.3",        "https://172.16.0.1",    "https://192.168.1.1",
      "https://100.64.0.1",      "https://[fd00::1]",     "https://[::ffff:127.0.0.1]",
      "https://[::ffff:7f00:1]", "http://api.openai.com", "http://1.1.1.1",
  };
  for (const char* url : cases) {
    const auto refused = parse_provider_url(url, false, false);
    ASSERT_FALSE(refused) << url;
    EXPECT_TRUE(refused.error().remedy.contains("private_network")) << url;
    EXPECT_TRUE(parse_provider_url(url, true, false)) << url;
  }
}

TEST(ProviderUrl, OverAUnixSocketTheHostIsOnlyAName) {
  EXPECT_TRUE(parse_provider_url("http://localhost/v1", false, true));
  EXPECT_FALSE(parse_provider_url("http://user@localhost/v1", false, true));
}

TEST(ProviderUrl, HoldsNamesToTheirLengths) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_host_name(label + ".example"));
  EXPECT_FALSE(is_host_name(label + "a.example"));
  std::string name;
  while (name.size() < 250)
    name += "a.";
  name += "com";
  EXPECT_EQ(name.size(), 253U);
  EXPECT_TRUE(is_host_name(name));
  EXPECT_FALSE(is_host_name("a" + name));
}

}  // namespace
}  // namespace headrace::policy::config
