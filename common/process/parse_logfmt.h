// key=value pairs, as the loggers of Go programs and Heroku's router write them.
#pragma once

#include <memory>

#include "common/process/parser.h"

namespace process {

// key=value and key="a quoted \"value\"" become texts, key= an empty one, a bare key the boolean true. A text with no
// pair at all is not of this format: prose would be a list of bare keys. Escapes are those of JSON and of Go's %q; any
// other stays as it is. A key that is there twice has its last value.
std::unique_ptr<Parser> make_logfmt_parser();

}  // namespace process
