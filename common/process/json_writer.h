// Values as JSON text.
#pragma once

#include <string>
#include <string_view>

#include "common/process/value.h"

namespace process {

// Appends `text` as a JSON string with its quotes. What is not UTF-8 in it becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

void append_json(std::string& out, const Value& value);
void append_json(std::string& out, const Value::Table& table);

}  // namespace process
