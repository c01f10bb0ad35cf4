// The processor `timestamp`: the time of a record is what it says itself.
#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Formats are those of time_format.h, zones those of zone.h. A field has a time in all of its text (or number), a line
// at its beginning. Without formats: rfc3339, nginx, 2026/10/10 13:55:36 with a fraction or without, syslog, the times
// of asctime and of mail, unix_any; at a line's beginning a "[" may stand before them.
//
// Where no format fits, or the time is further ahead of the record's own than future_max, the record keeps the time
// that it has, and the field parse_error has the reason.
Made make_timestamp(const TimestampOptions& options);

}  // namespace process
