#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Drops, as "filtered", a record whose line has none of the patterns to include, or one of those to exclude, or for
// which the condition does not hold.
Made make_filter(const FilterOptions& options);

}  // namespace process
