#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Keeps a share of the records and drops the others as "sampled". Which ones is worked out of the key, so that on all
// hosts records of one key have one fate; without a key, out of where the record stands, so that it has the same fate
// whenever it is read. `name`: what makes it another choice than that of another sample in the chain.
Made make_sample(const SampleOptions& options, std::string_view name, const Labels& labels);

}  // namespace process
