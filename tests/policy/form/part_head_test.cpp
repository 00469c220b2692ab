#include "policy/form/part_head.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// The name; nothing: it is refused.
std::optional<std::string> name_of(const std::vector<std::string>& lines) {
  PartHead head;
  for (const std::string& line : lines) {
    if (!head.take(line)) return std::nullopt;
  }
  if (!head.complete()) return std::nullopt;
  return std::string(head.name());
}

TEST(PartHead, HasTheNameOfItsField) {
  for (const std::vector<std::string>& lines : std::vector<std::vector<std::string>>{
           {"Content-Disposition: form-data; name=\"file_id\""},
           {"content-disposition:form-data;name=file_id"},
           {"CONTENT-DISPOSITION: Form-Data ; Name=\"file_id\" ; filename=\"a;name=x.png\""},
           {"Content-Type: image/png",
            "Content-Disposition: form-data; filename*=utf-8''a; "
            "filename=\"C:\\\\a.png\"; name=\"file_id\""},
           {"Content-Disposition: form-data; name=\"file_id\"", "Content-Length: 3",
            "Content-Transfer-Encoding: binary", "Content-Type: text/plain; charset=UTF-8"},
           {"Content-Disposition: form-data; name=\"file_id\"", "Content-Transfer-Encoding: 8bit",
            "Content-Type: text/plain; charset=ISO-8859-1"},
       }) {
    EXPECT_EQ(name_of(lines), "file_id") << lines.front();
  }
  EXPECT_EQ(name_of({"Content-Disposition: form-data; name=\"images[0][file_id]\""}),
            "images[0][file_id]");
}

TEST(PartHead, IsRefusedWhereReadersMayDisagree) {
  const std::string named = "Content-Disposition: form-data; name=\"a\"";
  for (const std::vector<std::string>& lines : std::vector<std::vector<std::string>>{
           {},
           {"Content-Type: text/plain"},
           {"Content-Disposition: form-data"},
           {"Content-Disposition: form-data; filename=\"a\""},
           {"Content-Disposition: form-data; name=\"\""},
           {"Content-Disposition: attachment; name=\"a\""},
           {"Content-Disposition: form-data; name=\"a\"; name=\"file_id\""},
           {"Content-Disposition: form-data; name=\"a\"; name*=utf-8''file_id"},
           {"Content-Disposition: form-data; name*0=\"file\"; name*1=\"_id\""},
           {"Content-Disposition: form-data; name=\"a\\\"; name=\"file_id\""},
           {"Content-Disposition: form-data; name=\"a%22\""},
           {"Content-Disposition: form-data; name=\"file_\xC4\xB1"
            "d\""},
           {"Content-Disposition: form-data; filename=\"a\\\"; name=\"file_id\""},
           {"Content-Disposition: form-data; filename=\"a\"; filename=\"b\"; name=\"c\""},
           {"Content-Disposition: form-data; name=\"a\" name=\"b\""},
           {"Content-Disposition: form-data; name=\"a"},
           {"Content-Disposition: form-data name=a"},
           {"Content-Disposition: form-data; name=\"_charset_\""},
           {"Content-Disposition: form-data; name=\"" + std::string(257, 'a') + "\""},
           {named, named},
           {named, "Content-Type: text/plain; charset=utf-16"},
           {named, "Content-Type: text/plain; charset*=utf-8''utf-7"},
           {named, "Content-Type: text/plain", "Content-Type: application/json"},
           {named, "Content-Type: multipart/mixed; boundary=x"},
           {named, "Content-Type: message/rfc822"},
           {named, "Content-Transfer-Encoding: base64"},
           {named, "Content-Transfer-Encoding: quoted-printable"},
           {named, "Content-Encoding: gzip"},
           {named, "no field"},
           {named, ": x"},
           {named, "X y: z"},
           {named, std::string("X: a\0b", 6)},
       }) {
    EXPECT_EQ(name_of(lines), std::nullopt) << (lines.empty() ? "" : lines.back());
  }
}

}  // namespace
}  // namespace headrace::policy
