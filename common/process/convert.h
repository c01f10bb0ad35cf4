// The processor `convert`: fields of another type.
#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Per field one of
//
//   int      "0042" and 42.0 become 42, a boolean 1 or 0; a number with a fraction is not cut off but left
//   float    "+1.50" becomes 1.50: the digits stay
//   bool     true false, yes no, on off, 1 0, in any case, as text or number
//   string   a number as it is written, true or false
//
// What cannot be converted stays as it is, with the reason as the field parse_error; a field that is missing or null is
// left alone.
Made make_convert(const ConvertOptions& options);

}  // namespace process
