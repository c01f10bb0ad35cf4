// The processor `parse`: fields out of a text.
//
// It fills a table of its own and merges it into the record when all went well: members take the place of those of the
// same name. A text that is not of the format leaves the record as it was, with the reason as the field parse_error, or
// drops it.
#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

Made make_parse(const ParseOptions& options);

}  // namespace process
