// A pipeline's processors, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/process/condition.h"
#include "common/process/options.h"
#include "common/process/processor.h"

namespace process {

// Errors of one processor, by its place in the chain.
struct ChainError {
    std::size_t processor;
    OptionError error;
};

// Thread: one; a chain belongs to one pipeline of one shard.
class Chain {
 public:
    struct Step {
        std::string name;
        std::optional<Condition> when;  // else it is passed over
        std::unique_ptr<Processor> processor;
    };
    // Called before (`verdict` is none) and after each step that applies.
    using Watch = std::function<void(const Step& step, Record& record, std::optional<Verdict> verdict)>;

    // All that is wrong with all of them. `labels` are the host's.
    static std::expected<Chain, std::vector<ChainError>> make(const std::vector<ProcessorOptions>& options,
                                                              const Labels& labels);

    // The step that dropped the record; none: it is kept.
    std::optional<std::size_t> process(Record& record);
    std::optional<std::size_t> process(Record& record, const Watch& watch);

    bool empty() const { return steps_.empty(); }
    const std::vector<Step>& steps() const { return steps_; }

 private:
    std::vector<Step> steps_;
};

// "filter", "sample": what the config calls them.
std::string_view type_name(const ProcessorOptions& options);

}  // namespace process
