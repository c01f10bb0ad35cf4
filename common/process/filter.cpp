#include "common/process/filter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/condition.h"
#include "common/process/pattern.h"

namespace process {

namespace {

class Filter : public Processor {
 public:
    Verdict process(Record& record) override {
        const auto is_in_line = [&](const Pattern& pattern) { return pattern.is_in(record.line()); };
        if (!include.empty() && std::ranges::none_of(include, is_in_line)) return Verdict::drop;
        if (std::ranges::any_of(exclude, is_in_line)) return Verdict::drop;
        return !where || where->holds(record) ? Verdict::keep : Verdict::drop;
    }
    std::string_view drop_reason() const override { return "filtered"; }

    std::vector<Pattern> include;
    std::vector<Pattern> exclude;
    std::optional<Condition> where;
};

std::vector<Pattern> compile(const char* key, const std::vector<std::string>& texts, std::vector<OptionError>& wrong) {
    std::vector<Pattern> patterns;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto pattern = Pattern::compile(texts[i]);
        if (pattern)
            patterns.push_back(std::move(*pattern));
        else
            wrong.push_back({fmt::format("{}[{}]", key, i),
                             fmt::format("{} is no pattern: {}", base::quote(texts[i]), pattern.error().message)});
    }
    return patterns;
}

}  // namespace

Made make_filter(const FilterOptions& options) {
    auto filter = std::make_unique<Filter>();
    std::vector<OptionError> wrong;
    filter->include = compile("include", options.include, wrong);
    filter->exclude = compile("exclude", options.exclude, wrong);
    if (!options.where.empty()) {
        auto where = Condition::parse(options.where);
        if (where)
            filter->where = std::move(*where);
        else
            wrong.push_back({"where", where.error().message});
    }
    if (options.include.empty() && options.exclude.empty() && options.where.empty())
        wrong.push_back({"", "filters nothing (write include, exclude or where)"});
    if (!wrong.empty()) return std::unexpected(std::move(wrong));
    return filter;
}

}  // namespace process
