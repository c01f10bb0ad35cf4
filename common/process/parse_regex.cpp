#include "common/process/parse_regex.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <re2/re2.h>

#include "common/base/text.h"
#include "common/process/members.h"

namespace process {

namespace {

constexpr std::int64_t kMemoryBytesMax = 8 << 20;  // of one pattern, its automata included

RE2::Options options_of_re2() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMemoryBytesMax);
    return options;
}

// Names groups as this RE2 knows them. "(?<" means nothing of the kind in a class, behind a backslash and in \Q…\E;
// "(?<=" and "(?<!" are left for RE2 to refuse.
std::string with_named_groups(std::string_view pattern) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const auto rest = pattern.substr(i);
        std::size_t taken = 1;
        if (rest.starts_with("\\Q")) {
            const auto end = rest.find("\\E");
            taken = end == std::string_view::npos ? rest.size() : end + 2;
        } else if (rest[0] == '\\' && rest.size() > 1) {
            taken = 2;
        } else if (in_class) {
            in_class = rest[0] != ']';
        } else if (rest[0] == '[') {
            in_class = true;
            if (rest.starts_with("[^]"))
                taken = 3;
            else if (rest.starts_with("[]"))
                taken = 2;
        } else if (rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!")) {
            out += "(?P<";
            i += 2;
            continue;
        }
        out += rest.substr(0, taken);
        i += taken - 1;
    }
    return out;
}

struct Group {
    std::size_t number = 0;
    std::string name;
};

class RegexParser final : public Parser {
 public:
    explicit RegexParser(const std::string& pattern) : pattern_(with_named_groups(pattern), options_of_re2()) {
        if (!pattern_.ok()) return;
        for (const auto& [number, name] : pattern_.CapturingGroupNames())
            groups_.push_back({.number = static_cast<std::size_t>(number), .name = name});
        if (!groups_.empty()) found_.resize(groups_.back().number + 1);  // RE2 finds no more than it is asked for
    }

    const RE2& pattern() const { return pattern_; }
    bool has_groups() const { return !groups_.empty(); }

    Parsed parse(std::string_view text, Record& /*record*/, Value::Table& into) override {
        const re2::StringPiece piece(text.data(), text.size());
        if (!pattern_.Match(piece, 0, text.size(), RE2::UNANCHORED, found_.data(), static_cast<int>(found_.size())))
            return std::unexpected("the pattern does not match");
        into.reserve(std::max(groups_.size(), kMembersExpected));
        for (const auto& group : groups_) {
            const auto& found = found_[group.number];
            if (found.data() != nullptr) into.emplace_back(group.name, Value::of_text({found.data(), found.size()}));
        }
        keep_last(into);
        return {};
    }

 private:
    RE2 pattern_;
    std::vector<Group> groups_;  // those with a name, in order
    std::vector<re2::StringPiece> found_;
};

}  // namespace

std::unique_ptr<Parser> make_regex_parser(const std::string& pattern, std::vector<OptionError>& errors) {
    const auto refuse = [&](std::string message) {
        errors.push_back({.key = "pattern", .message = std::move(message)});
        return nullptr;
    };
    if (pattern.empty()) return refuse("is missing (format = \"regex\" needs a pattern with named groups)");
    auto parser = std::make_unique<RegexParser>(pattern);
    if (!parser->pattern().ok())
        return refuse(fmt::format("{} does not compile: {}", base::quote(pattern), parser->pattern().error()));
    if (!parser->has_groups())
        return refuse(
            fmt::format("{} has no named group (a field is made of each (?P<name>...))", base::quote(pattern)));
    return parser;
}

}  // namespace process
