# cmake -P: writes the source that holds compiled message catalogues as constant data.
#   OUTPUT      the source
#   CATALOGUES  the .mo files, in the order in which they are handed out; one argument, commas between
string(REPLACE "," ";" catalogues "${CATALOGUES}")
set(arrays "")
set(spans "")
foreach(catalogue IN LISTS catalogues)
  get_filename_component(language ${catalogue} NAME_WE)
  file(READ ${catalogue} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "((0x..,){18})" "\\1\n    " bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char k_${language}[] = {\n    ${bytes}};\n")
  string(APPEND spans "      std::as_bytes(std::span(k_${language})),\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from policy/messages/po by cmake/EmbedCatalogues.cmake.
#include \"policy/messages/built_in_catalogues.h\"

namespace headrace::policy {
namespace {

${arrays}
}  // namespace

std::span<const std::span<const std::byte>> built_in_catalogues() {
  static const std::span<const std::byte> catalogues[] = {
${spans}  };
  return catalogues;
}

}  // namespace headrace::policy
")
