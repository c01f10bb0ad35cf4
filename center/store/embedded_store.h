// The store of a single center: RocksDB in its data folder.
#pragma once

#include <filesystem>
#include <memory>

#include "center/store/store.h"

namespace center::store {

// Opens `data_dir`/store, made if it is missing; one process at a time holds `data_dir`/lock. Writes are synced by a
// thread of their own, those that wait for it together.
//
// Errors: the folder cannot be made or written, another process holds the lock; a store that is damaged. That is not
// set aside: it is the only place that knows what agents should run, and a copy of the folder is what helps.
base::Result<std::unique_ptr<Store>> open_embedded_store(base::EventLoop& loop, const std::filesystem::path& data_dir);

}  // namespace center::store
