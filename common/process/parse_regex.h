// A regular expression with named groups.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/process/parser.h"
#include "common/process/processor.h"

namespace process {

// RE2's syntax, found anywhere in the text; (?<name>…) means (?P<name>…). Each named group that took part in the match
// becomes a text; of several of the same name, as in alternatives, the last that did. Says under `pattern` what is
// wrong with it, and is null then.
std::unique_ptr<Parser> make_regex_parser(const std::string& pattern, std::vector<OptionError>& errors);

}  // namespace process
