// A store that a thread of its own works for. For .cpp files of this folder.
#pragma once

#include <memory>

#include "center/store/backend.h"

namespace center::store {

// Those that wait for a write together share it. `revision`: of the last write that `backend` has.
std::unique_ptr<Store> make_queued_store(base::EventLoop& loop, std::unique_ptr<Backend> backend, Revision revision);

}  // namespace center::store
