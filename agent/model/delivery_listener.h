#pragma once

#include "agent/model/extent.h"

namespace agent::model {

// The way back: where a sink tells the final word on what was delivered to it. Thread: the shard's.
class DeliveryListener {
 public:
    virtual ~DeliveryListener() = default;

    // Every extent comes back exactly once, when all its records have their final word. With `failure` set, not all of
    // them were delivered and the tail has to rewind.
    virtual void extent_finished(ExtentPtr extent) = 0;

    // A route of this sink may have become ready.
    virtual void sink_ready() = 0;
};

}  // namespace agent::model
