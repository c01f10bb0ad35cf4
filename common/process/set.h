#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Gives fields a text out of templates; `line` is the line itself. All templates see the record as it was before.
Made make_set(const SetOptions& options, const Labels& labels);

}  // namespace process
