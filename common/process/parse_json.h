// JSON objects, one to a record.
#pragma once

#include <memory>

#include "common/process/parser.h"

namespace process {

// The whole text is one object, in valid UTF-8. Numbers stay as they are written. A name that is there twice has its
// last value. Deeper than 64 objects and lists in each other is an error.
std::unique_ptr<Parser> make_json_parser();

}  // namespace process
