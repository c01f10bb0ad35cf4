// Which of several centers on one topic leads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "center/store/kafka_config.h"
#include "common/base/event_loop.h"
#include "common/base/result.h"
#include "common/telemetry/log.h"

namespace center::store {

// Of the centers that have a KafkaLead for one topic, one leads: it is who Kafka's group of that name assigned the
// topic's partition to, and it keeps it while it is there. That it no longer does may become known late (by the end of
// a session of kLeadSession, or of an outage); what is written meanwhile is refused by the store, as Kafka fences its
// transactions.
//
// Life: from its making to its end it is a member of the group; destroyed, it leaves, and the next one leads at once.
// Thread: the loop's.
class KafkaLead {
 public:
    struct Listener {
        std::function<void()> leads;  // and once more when it is sure again; who led meanwhile has fenced the store
        std::function<void(std::string)> ended;  // it does not lead any more, or never will: for this reason
    };

    // Makes the topic, if it is missing. Errors: properties that do not go together.
    static base::Result<std::unique_ptr<KafkaLead>> compete(base::EventLoop& loop, const KafkaStoreConfig& config,
                                                            Listener listener, telemetry::Log& log);
    virtual ~KafkaLead() = default;
};

}  // namespace center::store
