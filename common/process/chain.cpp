#include "common/process/chain.h"

#include <array>
#include <utility>
#include <variant>

#include "common/process/convert.h"
#include "common/process/fields.h"
#include "common/process/filter.h"
#include "common/process/parse.h"
#include "common/process/redact.h"
#include "common/process/sample.h"
#include "common/process/set.h"
#include "common/process/timestamp.h"

namespace process {

namespace {

// By the variant's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<decltype(ProcessorOptions::what)>> kTypes = {
    "filter", "sample", "parse", "timestamp", "set", "rename", "remove", "keep", "convert", "redact"};

// Makes one of whichever options they are.
struct Maker {
    Made operator()(const FilterOptions& options) const { return make_filter(options); }
    Made operator()(const SampleOptions& options) const { return make_sample(options, name, labels); }
    Made operator()(const ParseOptions& options) const { return make_parse(options); }
    Made operator()(const TimestampOptions& options) const { return make_timestamp(options); }
    Made operator()(const SetOptions& options) const { return make_set(options, labels); }
    Made operator()(const RenameOptions& options) const { return make_rename(options); }
    Made operator()(const RemoveOptions& options) const { return make_remove(options); }
    Made operator()(const KeepOptions& options) const { return make_keep(options); }
    Made operator()(const ConvertOptions& options) const { return make_convert(options); }
    Made operator()(const RedactOptions& options) const { return make_redact(options); }

    std::string_view name;
    const Labels& labels;
};

}  // namespace

std::string_view type_name(const ProcessorOptions& options) {
    return kTypes.at(options.what.index());
}

std::expected<Chain, std::vector<ChainError>> Chain::make(const std::vector<ProcessorOptions>& options,
                                                          const Labels& labels) {
    Chain chain;
    std::vector<ChainError> wrong;
    for (std::size_t i = 0; i < options.size(); ++i) {
        Step step{.name = options[i].name, .when = {}, .processor = {}};
        if (!options[i].when.empty()) {
            auto when = Condition::parse(options[i].when);
            if (when)
                step.when = std::move(*when);
            else
                wrong.push_back({.processor = i, .error = {"when", when.error().message}});
        }
        auto made = std::visit(Maker{.name = options[i].name, .labels = labels}, options[i].what);
        if (made)
            step.processor = std::move(*made);
        else
            for (auto& error : made.error()) wrong.push_back({.processor = i, .error = std::move(error)});
        chain.steps_.push_back(std::move(step));
    }
    if (!wrong.empty()) return std::unexpected(std::move(wrong));
    return chain;
}

std::optional<std::size_t> Chain::process(Record& record) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.when && !step.when->holds(record)) continue;
        if (step.processor->process(record) == Verdict::drop) return i;
    }
    return std::nullopt;
}

std::optional<std::size_t> Chain::process(Record& record, const Watch& watch) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto& step = steps_[i];
        if (step.when && !step.when->holds(record)) continue;
        watch(step, record, std::nullopt);
        const auto verdict = step.processor->process(record);
        watch(step, record, verdict);
        if (verdict == Verdict::drop) return i;
    }
    return std::nullopt;
}

}  // namespace process
