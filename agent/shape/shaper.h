// What a pipeline makes of its records: processors, then the sink's encoding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/extent.h"
#include "agent/shape/addresser.h"
#include "common/config/config.h"
#include "common/process/chain.h"
#include "common/process/record.h"
#include "common/process/record_encoder.h"
#include "common/process/template.h"

namespace agent::shape {

struct ShaperContext {
    std::string host;
    std::string pipeline;
    config::Labels labels;
};

// What a container's log says of a record: its time, the field `stream`, or why it is none of one.
void describe(process::Record& record, const model::ContainerMark& mark);

// Takes the records of an extent through the chain and encodes those that are kept, into the extent's arena; topic, key
// and headers that depend on them go into `extent.texts`. What is dropped goes into `extent.dropped`; the extent goes
// on with what is left, and its bytes stay what they were. The same records of the same file come out in the same way
// whenever they are read.
//
// Life: one per pipeline. Thread: its shard's.
class Shaper {
 public:
    // Errors: those of the chain and of the template, which the config was checked for.
    static base::Result<Shaper> make(const config::PipelineConfig& config, ShaperContext context);

    // Nothing is dropped, records are the lines' bytes as they are, and where they go does not depend on these.
    bool is_plain() const { return chain_.empty() && encoding_ == config::Encoding::raw && !addresser_; }

    // `path`: under which the pipeline first followed the file. `fields`: of all its records; null: none.
    void shape(model::Extent& extent, const std::string& path, const std::string& file_id,
               const process::NamedTexts* fields = nullptr);

    const process::Chain& chain() const { return chain_; }

    // By the last shape(): what was dropped, by step of the chain, and what goes to the fallback topic.
    const std::vector<std::uint32_t>& dropped() const { return dropped_; }
    FallbackCounts fallbacks() const { return addresser_ ? addresser_->fallbacks() : FallbackCounts{}; }

 private:
    Shaper(process::Chain chain, config::Encoding encoding, std::optional<process::Template> text,
           std::optional<Addresser> addresser, ShaperContext context);

    void encode(process::Record& record, process::EnvelopeWriter& envelope, std::string& out);

    process::Chain chain_;
    config::Encoding encoding_;
    std::optional<process::Template> template_;  // with Encoding::text
    std::optional<Addresser> addresser_;
    ShaperContext context_;
    std::vector<std::uint32_t> dropped_;
    std::unique_ptr<process::Record> record_;  // one after the other
};

}  // namespace agent::shape
