#include "net/http/charset.h"

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

TEST(Charset, IsUtf8OrNone) {
  for (const char* type :
       {"", "application/json", "application/json;", "application/json; charset=utf-8",
        "application/json;charset=UTF-8", "application/json ; Charset = \"utf-8\" ; x=y",
        "application/json; charset=utf8; charset=utf-8", "application/json; profile=\"utf-16\"",
        "application/json; char=utf-16", "multipart/form-data; boundary=charset"}) {
    EXPECT_TRUE(reads_as_utf8(type)) << type;
  }
}

TEST(Charset, IsNoOther) {
  for (const char* type :
       {"application/json; charset=utf-7", "application/json; charset=utf-16",
        "application/json;charset=UTF-16LE", "application/json; charset=iso-8859-1",
        "application/json; charset=utf-8; charset=utf-7", "application/json; charset=",
        "application/json; charset", "application/json; charset=\"utf-8",
        "application/json; charset*=utf-8''utf-7", "application/json; charset*0=utf-; charset*1=7",
        "application/json; charset*=utf-8", "application/json; charset*0=utf-8",
        "application/json; x=\"; charset=utf-7; \"", "application/json; charset=utf-8 utf-7"}) {
    EXPECT_FALSE(reads_as_utf8(type)) << type;
  }
}

}  // namespace
}  // namespace headrace::net::http
