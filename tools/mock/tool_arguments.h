// Arguments for a tool call, made up to fit the tool's JSON schema.
//
// Every property that the schema names gets the plainest value of its type; an enum its first
// value. Schemas nested deeper than kSchemaDepthMax end in null.
#pragma once

#include <string>

#include <simdjson.h>

namespace headrace::tools::mock {

inline constexpr int kSchemaDepthMax = 12;

// Appends a JSON value that fits `schema`.
void put_tool_arguments(std::string& out, simdjson::dom::element schema);

}  // namespace headrace::tools::mock
