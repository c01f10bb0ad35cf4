#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Puts a replacement, or a keyed hash, in the place of what a preset or a pattern finds, in the line or in fields that
// are texts. Presets:
//   card    as card_number.h has it
//   phone   with a country code (+86 138 0013 8000), or as China writes mobile and North America all numbers
//   email   local@domain.tld
//   bearer  what follows "Bearer " (RFC 6750), and a JSON Web Token wherever it is
// The hash is the first 16 hexadecimal digits of HMAC-SHA-256: equal things stay equal, and nobody else can try them
// out.
Made make_redact(const RedactOptions& options);

}  // namespace process
