#include "common/process/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

#include <re2/re2.h>

namespace process {

namespace {

constexpr std::int64_t kMemoryMax = 8 << 20;  // of one pattern's automaton

re2::RE2::Options options() {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kMemoryMax);
    options.set_encoding(re2::RE2::Options::EncodingUTF8);
    return options;
}

bool contains(std::string_view text, std::string_view part) {
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace

struct Pattern::Compiled {
    explicit Compiled(std::string_view text)
        : regex(re2::StringPiece(text.data(), text.size()), options()),
          literal(text.starts_with('^') ? "" : literal_in(text)) {}

    bool has_literal(std::string_view text) const { return literal.empty() || contains(text, literal); }

    re2::RE2 regex;
    std::string literal;      // looked for first: that is several times as fast, but at the text's beginning
    bool is_literal = false;  // and there is nothing else to the pattern
};

base::Result<Pattern> Pattern::compile(std::string_view text) {
    auto compiled = std::make_shared<Compiled>(text);
    if (!compiled->regex.ok()) return base::fail("{}", compiled->regex.error());
    compiled->is_literal = !text.empty() && compiled->literal == text;
    return Pattern(std::move(compiled));
}

bool Pattern::is_in(std::string_view text) const {
    if (!compiled_->has_literal(text)) return false;
    return compiled_->is_literal ||
           re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

std::optional<Pattern::Found> Pattern::find(std::string_view text, std::size_t from) const {
    if (!compiled_->has_literal(text.substr(from))) return std::nullopt;
    re2::StringPiece match;
    if (!compiled_->regex.Match(re2::StringPiece(text.data(), text.size()), from, text.size(), re2::RE2::UNANCHORED,
                                &match, 1))
        return std::nullopt;
    return Found{.begin = static_cast<std::size_t>(match.data() - text.data()), .size = match.size()};
}

namespace {

// Behind the class that begins at `at`: "[^]a-z]", "[[:alpha:]_]".
std::size_t behind_class(std::string_view pattern, std::size_t at) {
    ++at;
    if (at < pattern.size() && pattern[at] == '^') ++at;
    if (at < pattern.size() && pattern[at] == ']') ++at;
    while (at < pattern.size() && pattern[at] != ']') {
        if (pattern[at] == '\\')
            at += 2;
        else if (pattern.substr(at).starts_with("[:"))
            at = std::min(pattern.find(":]", at), pattern.size()) + 2;
        else
            ++at;
    }
    return at + 1;
}

// Behind the "{2,5}" that begins at `at`; 0: it is none, and what it means is not worth knowing.
std::size_t behind_count(std::string_view pattern, std::size_t at) {
    const auto end = pattern.find_first_not_of("0123456789,", at + 1);
    return end != std::string_view::npos && pattern[end] == '}' ? end + 1 : 0;
}

void drop_last_character(std::string& text) {
    const auto is_continuation = [](char c) { return (c & 0xC0) == 0x80; };
    while (!text.empty() && is_continuation(text.back())) text.pop_back();
    if (!text.empty()) text.pop_back();
}

bool is_alphanumeric(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

// Only what stands outside of groups and classes, of a pattern without alternatives and flags, is believed.
std::string literal_in(std::string_view pattern) {
    constexpr std::string_view kClasses = "dDwWsSbBAz";
    std::string longest;
    std::string run;
    const auto end_run = [&] {
        if (run.size() > longest.size()) longest = run;
        run.clear();
    };
    int depth = 0;
    for (std::size_t i = 0; i < pattern.size();) {
        const char c = pattern[i];
        const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (c == '\\' && is_alphanumeric(next)) {
            if (!kClasses.contains(next)) return {};  // a character by its number, a quotation
            end_run();
            i += 2;
        } else if (c == '[') {
            end_run();
            i = behind_class(pattern, i);
        } else if (c == '\\' || (depth == 0 && !std::string_view(".^$(){}*+?|").contains(c))) {
            if (depth == 0) run += c == '\\' ? next : c;
            i += c == '\\' ? 2 : 1;
        } else {
            if (c == '|' && depth == 0) return {};
            if (c == '(' && next == '?' && !std::string_view(":P<").contains(pattern.substr(i + 2, 1))) return {};
            if (c == '?' || c == '*' || c == '{') drop_last_character(run);  // it may be missing
            if (c == '(') ++depth;
            if (c == ')') --depth;
            end_run();
            const auto behind = c == '{' ? behind_count(pattern, i) : i + 1;
            if (behind == 0) return {};
            i = behind;
        }
    }
    end_run();
    return longest;
}

}  // namespace process
