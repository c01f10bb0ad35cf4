#include "common/process/multiline.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/assert.h"
#include "common/base/text.h"
#include "common/process/pattern.h"

namespace process {

// One way to tell which lines are one record.
class Multiline::Rule {
 public:
    virtual ~Rule() = default;
    virtual RecordState begin(std::string_view /*line*/) const { return RecordState::open; }
    virtual bool goes_on(RecordState& state, std::string_view line) const = 0;
};

namespace {

class ByStart : public Multiline::Rule {
 public:
    explicit ByStart(Pattern pattern) : pattern_(std::move(pattern)) {}
    bool goes_on(RecordState& /*state*/, std::string_view line) const override { return !pattern_.is_in(line); }

 private:
    Pattern pattern_;
};

class ByContinuation : public Multiline::Rule {
 public:
    explicit ByContinuation(Pattern pattern) : pattern_(std::move(pattern)) {}
    bool goes_on(RecordState& /*state*/, std::string_view line) const override { return pattern_.is_in(line); }

 private:
    Pattern pattern_;
};

class ByEnd : public Multiline::Rule {
 public:
    explicit ByEnd(Pattern pattern) : pattern_(std::move(pattern)) {}
    RecordState begin(std::string_view line) const override { return behind(line); }
    bool goes_on(RecordState& state, std::string_view line) const override {
        state = behind(line);
        return true;
    }

 private:
    RecordState behind(std::string_view line) const {
        return pattern_.is_in(line) ? RecordState::closed : RecordState::open;
    }
    Pattern pattern_;
};

Pattern must_compile(std::string_view text) {
    auto pattern = Pattern::compile(text);
    AGENT_ASSERT(pattern.has_value());
    return *std::move(pattern);
}

bool is_indented(std::string_view line) {
    return line.starts_with(' ') || line.starts_with('\t');
}

// https://docs.python.org/3/library/traceback.html
class PythonTraces : public Multiline::Rule {
 public:
    RecordState begin(std::string_view line) const override {
        return line.starts_with(kHead) ? RecordState::trace : RecordState::open;
    }
    bool goes_on(RecordState& state, std::string_view line) const override {
        if (line.starts_with(kHead)) {
            state = RecordState::trace;
            return true;
        }
        if (is_indented(line)) return true;
        switch (state) {
            case RecordState::trace:
                state = RecordState::exception;
                return true;
            case RecordState::exception:
                return line.empty() || line.starts_with("During handling of the above exception, another") ||
                       line.starts_with("The above exception was the direct cause of the");
            default:
                return false;
        }
    }

 private:
    static constexpr std::string_view kHead = "Traceback (most recent call last):";
};

// What the runtime prints before it exits: https://pkg.go.dev/runtime#hdr-Environment_Variables, GOTRACEBACK.
class GoTraces : public Multiline::Rule {
 public:
    RecordState begin(std::string_view line) const override {
        return is_head(line) ? RecordState::trace : RecordState::open;
    }
    bool goes_on(RecordState& state, std::string_view line) const override {
        if (state == RecordState::trace) return line.empty() || body_.is_in(line);
        return is_indented(line);
    }

 private:
    static bool is_head(std::string_view line) {
        return line.starts_with("panic: ") || line.starts_with("fatal error: ");
    }

    Pattern body_ = must_compile(
        R"(^(?:[ \t]|goroutine \d|created by |\[signal |\[originating |exit status \d|runtime stack:|panic: |[^\s()]+(?:\(\*[^\s()]+\)[^\s()]*)?\(.*\)$|r\w+ +0x))");
};

std::shared_ptr<const Multiline::Rule> rule_of(StackTraces preset) {
    switch (preset) {
        case StackTraces::java:
            return std::make_shared<ByContinuation>(must_compile(
                R"(^(?:[ \t]|Caused by: |Suppressed: |Wrapped by: |\.\.\. \d|(?:[a-z_][\w$]*\.)+[\w$]*(?:Exception|Error|Throwable)\b))"));
        case StackTraces::python:
            return std::make_shared<PythonTraces>();
        case StackTraces::go:
            return std::make_shared<GoTraces>();
        case StackTraces::dotnet:
            return std::make_shared<ByContinuation>(
                must_compile(R"(^(?:[ \t]|--- End of |---> |(?:[A-Z]\w*\.)+\w*Exception\b))"));
    }
    return nullptr;
}

template <typename ByPattern>
std::shared_ptr<const Multiline::Rule> rule_of(const std::string& key, const std::string& text,
                                               std::vector<OptionError>& errors) {
    auto pattern = Pattern::compile(text);
    if (pattern) return std::make_shared<ByPattern>(*std::move(pattern));
    errors.push_back({key, fmt::format("{} is no pattern: {}", base::quote(text), pattern.error().message)});
    return nullptr;
}

}  // namespace

std::expected<Multiline, std::vector<OptionError>> Multiline::make(const MultilineOptions& options) {
    const std::array<std::pair<std::string_view, bool>, 4> given = {{{"start", !options.start.empty()},
                                                                     {"continue", !options.goes_on.empty()},
                                                                     {"end", !options.end.empty()},
                                                                     {"preset", options.preset.has_value()}}};
    std::vector<OptionError> errors;
    std::string_view first;
    for (const auto& [key, is_given] : given) {
        if (!is_given) continue;
        if (!first.empty())
            errors.push_back({std::string(key), fmt::format("stands beside {} (leave one of them out)", first)});
        if (first.empty()) first = key;
    }
    if (first.empty())
        errors.push_back({"", "joins nothing (write preset = \"java\", or one of: start, continue, end)"});
    std::shared_ptr<const Rule> rule;
    if (!options.start.empty()) rule = rule_of<ByStart>("start", options.start, errors);
    if (!options.goes_on.empty()) rule = rule_of<ByContinuation>("continue", options.goes_on, errors);
    if (!options.end.empty()) rule = rule_of<ByEnd>("end", options.end, errors);
    if (options.preset) rule = rule_of(*options.preset);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return Multiline(std::move(rule));
}

RecordState Multiline::begin(std::string_view line) const {
    return rule_->begin(line);
}

bool Multiline::goes_on(RecordState& state, std::string_view line) const {
    return state != RecordState::closed && rule_->goes_on(state, line);
}

}  // namespace process
