// What is said of an extent that the cluster will not take. Whom to look for is the tail's, what becomes of it the
// shard's.
#pragma once

#include "agent/model/extent.h"
#include "common/config/config.h"

namespace agent::pipeline {

// Whether the rejection means these records, and no other that shared their batch. Of a topic that may not be written
// it means all who go there; to wait for that, they must be alone, or their neighbours would be sent each time again.
bool is_to_blame(const model::Extent& extent, config::OnReject on_reject);

// How many records, and how many of its bytes: those that go to a topic that may not be written; else it is all of it.
void count_rejected(model::Extent& extent);

void book_rejected(model::Extent& extent, model::DropReason why);  // what was counted

}  // namespace agent::pipeline
