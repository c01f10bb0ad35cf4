// Values between commas (RFC 4180), one line of them to a record.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/process/parser.h"
#include "common/process/processor.h"

namespace process {

// Each value becomes a text of the column's name, dots and all. Fewer values than columns: the last columns are left
// out; more: an error, and so is a quote within a value that does not begin with one. Says under `columns` what is
// wrong with them, and is null then.
std::unique_ptr<Parser> make_csv_parser(const std::vector<std::string>& columns, std::vector<OptionError>& errors);

}  // namespace process
