// How we configure librdkafka: our defaults, the user's properties, and what nobody may change.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/config/config.h"

typedef struct rd_kafka_conf_s rd_kafka_conf_t;  // NOLINT(modernize-use-using): as librdkafka declares it
typedef struct rd_kafka_s rd_kafka_t;            // NOLINT(modernize-use-using)

namespace kafka {

struct ConfDeleter {
    void operator()(rd_kafka_conf_t* conf) const;
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

// The largest record, in bytes with key and headers, that the cluster takes: its `message.max.bytes` (by default
// 1048588, as a broker's) less what a record batch of one adds (61 bytes of batch header, some 30 of the record's own
// lengths).
std::uint64_t record_bytes_max(const config::ClusterConfig& cluster);

// Why `value` cannot be used for librdkafka's property `name` on an agent's producer; nothing: it can.
std::optional<std::string> check_property(const std::string& name, const std::string& value);

// A producer's configuration: idempotent, acks=all, never giving up a record by itself. Errors: a property that
// check_property refuses.
base::Result<ConfPtr> producer_conf(const config::ClusterConfig& cluster);

// Reads back from a live producer what the guarantee stands on, because librdkafka has ways to discard what was set.
base::Result<void> verify_guarantee(const rd_kafka_t* producer);

}  // namespace kafka
