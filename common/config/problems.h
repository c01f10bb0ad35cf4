#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/value.h"

namespace config {

// What is wrong with a config, gathered while it is read. A message never shows what ${env:…} or ${file:…} stood for.
class Problems {
 public:
    void add(const Value& value, std::string message);                                 // at the value
    void add_unknown(const Value& value, std::string message);                         // at its name
    void add_missing(const Value& table, std::string_view name, std::string message);  // a member that `table` lacks

    bool empty() const { return found_.empty(); }
    std::size_t count() const { return found_.size(); }
    std::vector<Problem> take();  // in the order of the file

 private:
    std::vector<Problem> found_;
};

}  // namespace config
