#include "agent/pipeline/rejection.h"

#include <numeric>

namespace agent::pipeline {

namespace {

// What was not dropped before.
std::uint64_t rest_of(const model::Extent& extent) {
    const auto before = std::accumulate(extent.dropped.begin(), extent.dropped.end(), std::uint64_t{0});
    return extent.end - extent.begin - before;
}

}  // namespace

bool is_to_blame(const model::Extent& extent, config::OnReject on_reject) {
    if (extent.rejection != model::Rejection::not_authorised) return extent.record_count == 1 && extent.is_alone;
    return on_reject != config::OnReject::block || !extent.names_topics() || extent.failed == extent.record_count;
}

void count_rejected(model::Extent& extent) {
    const auto& records = extent.records;
    for (std::size_t i = 0; i < records.size(); ++i)
        if (extent.is_rejected(i)) {
            ++extent.rejected_count;
            extent.rejected_bytes += bytes_of(extent, i);
        }
    if (extent.rejected_count == records.size()) extent.rejected_bytes = rest_of(extent);
}

void book_rejected(model::Extent& extent, model::DropReason why) {
    extent.dropped.at(static_cast<std::size_t>(why)) += extent.rejected_bytes;
}

}  // namespace agent::pipeline
