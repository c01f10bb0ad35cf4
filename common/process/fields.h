// The processors that shape fields: `rename`, `remove`, `keep`.
#pragma once

#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// All at once, so that two fields may change places; what is not there is not renamed. A field that has the new name
// already is replaced.
Made make_rename(const RenameOptions& options);

Made make_remove(const RemoveOptions& options);

// All other fields go, and tables with nothing left in them.
Made make_keep(const KeepOptions& options);

}  // namespace process
