// The store of a center that leads a topic: what others led before it is read from there, and nothing is kept besides.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "center/store/kafka_config.h"
#include "center/store/store.h"

namespace center::store {

// Fences whoever wrote before (a transactional id has one owner), and reads the topic. A batch is one transaction of
// records, each a key and its value, none where the key goes; compaction keeps the last of each.
//
// Blocks, for some half a minute where the cluster does not answer. `fenced`, on the loop: another center has opened
// the store, or what became of a write is not known; no more is taken, and only who reads the topic again knows what is
// in it.
//
// Errors: the cluster does not answer, refuses, or has what is no store's.
base::Result<std::unique_ptr<Store>> open_kafka_store(base::EventLoop& loop, const KafkaStoreConfig& config,
                                                      std::function<void(std::string)> fenced);

// Whether that will find properties that do not go together; asks no broker.
base::Result<void> rehearse(const KafkaStoreConfig& config);

}  // namespace center::store
