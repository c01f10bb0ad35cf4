// Names of fields, as options have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/process/processor.h"

namespace process {

// A name leads by dots through tables that have names themselves; says under `key` what is wrong with it.
void check_name(std::string_view name, const std::string& key, std::vector<OptionError>& errors);

// A list with something in it, each name once.
void check_names(const std::vector<std::string>& names, const std::string& key, std::vector<OptionError>& errors);

}  // namespace process
