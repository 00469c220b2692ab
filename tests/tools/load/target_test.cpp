#include "tools/load/target.h"

#include <gtest/gtest.h>

namespace headrace::tools::load {
namespace {

TEST(Target, ReadsUrls) {
  struct Case {
    std::string_view text;
    std::string_view label;
    std::string_view address;
    bool tls;
    std::string_view host;
    std::string_view authority;
    std::string_view path;
  };
  for (const Case& expected : {
           Case{"http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", false,
                "127.0.0.1", "127.0.0.1:8080", ""},
           Case{"a=http://localhost:81/v1/x?y=1", "a", "127.0.0.1:81", false, "localhost",
                "localhost:81", "/v1/x?y=1"},
           Case{"https://localhost/", "https://localhost/", "127.0.0.1:443", true, "localhost",
                "localhost", ""},
           Case{"http://[::1]:9000/a", "http://[::1]:9000/a", "[::1]:9000", false, "::1",
                "[::1]:9000", "/a"},
           Case{"http://127.0.0.1?a=b", "http://127.0.0.1?a=b", "127.0.0.1:80", false, "127.0.0.1",
                "127.0.0.1", "/?a=b"},
           Case{"u=unix:/run/x.sock", "u", "unix:/run/x.sock", false, "localhost", "localhost", ""},
       }) {
    const auto target = parse_target(expected.text, Reach::loopback);
    ASSERT_TRUE(target.has_value()) << expected.text << ": " << target.error();
    EXPECT_EQ(target->label, expected.label);
    EXPECT_EQ(target->address.text(), expected.address);
    EXPECT_EQ(target->tls, expected.tls);
    EXPECT_EQ(target->host, expected.host);
    EXPECT_EQ(target->authority, expected.authority);
    EXPECT_EQ(target->path, expected.path);
  }
}

TEST(Target, RefusesWhatIsWrongOrElsewhere) {
  for (const std::string_view text :
       {"", "127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://127.0.0.1:0",
        "http://127.0.0.1:65536", "http://127.0.0.1:", "http://[::1", "http://192.0.2.1/",
        "http://[2001:db8::1]/", "http://128.0.0.1/", "http://126.255.255.255/"}) {
    EXPECT_FALSE(parse_target(text, Reach::loopback).has_value()) << text;
  }
  EXPECT_TRUE(parse_target("http://192.0.2.1/", Reach::anywhere).has_value());
}

}  // namespace
}  // namespace headrace::tools::load
