#include "policy/form/form_boundary.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(FormBoundary, IsTheParameterOfThatName) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data;boundary=\"a b\""), "");
  EXPECT_EQ(form_boundary("Multipart/Form-Data;BOUNDARY=\"a:b\" "), "a:b");
  EXPECT_EQ(form_boundary("multipart/form-data ; charset=utf-8 ; boundary=----x'()+_-./:=?"),
            "----x'()+_-./:=?");
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=" + std::string(70, 'b')),
            std::string(70, 'b'));
}

TEST(FormBoundary, IsNoneWhereReadersMayDisagree) {
  for (const std::string& type :
       {std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=a; boundary=b"),
        std::string("multipart/form-data; boundary=a; Boundary=a"),
        std::string("multipart/form-data; boundary*=utf-8''a"),
        std::string("multipart/form-data; boundary*0=a; boundary*1=b"),
        std::string("multipart/form-data; boundary=a; boundary*=b"),
        std::string("multipart/form-data; boundary=\"a\\\"b\""),
        std::string("multipart/form-data; boundary=\"a"),
        std::string("multipart/form-data; boundary=a b"),
        std::string("multipart/form-data; boundary=a,b"),
        std::string("multipart/form-data; boundary=\"a,b\""),
        std::string("multipart/form-data; xboundary=a; boundary=b"),
        std::string("multipart/form-data; x=\";boundary=a;\"; boundary=b"),
        std::string("multipart/form-data; charset=\";boundary=a\"; boundary=b"),
        std::string("multipart/form-data; boundary=a\"b"),
        std::string("multipart/form-data, boundary=a"),
        std::string("multipart/form-data boundary=a"),
        std::string("multipart/form-data; boundary"),
        std::string("multipart/form-data; =a; boundary=a"),
        std::string("multipart/form-datax; boundary=a"),
        std::string("multipart/mixed; boundary=a"),
        std::string("multipart/related; boundary=a"),
        std::string("text/plain; boundary=a"),
        std::string(),
        "multipart/form-data; boundary=" + std::string(71, 'b')}) {
    EXPECT_EQ(form_boundary(type), "") << type;
  }
}

TEST(FormBoundary, IsOfMultipartAlone) {
  EXPECT_TRUE(is_multipart("multipart/form-data"));
  EXPECT_TRUE(is_multipart("MULTIPART/mixed; boundary=json"));
  EXPECT_FALSE(is_multipart("application/json"));
  EXPECT_FALSE(is_multipart("multipart"));
}

}  // namespace
}  // namespace headrace::policy
