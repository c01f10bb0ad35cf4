// Tables that are filled first and made right afterwards.
#pragma once

#include "common/process/value.h"

namespace process {

// Makes the names unique: the last value of a name wins, at the place of the first.
void keep_last(Value::Table& table);

// Members of `from` take the place of those of the same name. Both live in the memory of one record.
void merge(Value::Table& from, Value::Table& into);

}  // namespace process
