#include "center/model/selector.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"

namespace center::model {

namespace {

constexpr std::size_t kTermsMax = 64;
constexpr std::size_t kValuesMax = 256;

bool is_letter_of_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-' || c == '/';
}

}  // namespace

// Reads from left to right; the first fault ends it.
class SelectorParser {
 public:
    explicit SelectorParser(std::string_view text) : text_(text) {}

    bool parse(Selector& selector) {
        skip_spaces();
        if (at_end()) return true;
        for (;;) {
            if (!read_term(selector)) return false;
            skip_spaces();
            if (at_end()) return true;
            if (!take(',')) return fail("there is something after the value (join terms with a comma)");
        }
    }

    SelectorError error() && { return std::move(error_); }

 private:
    bool at_end() const { return at_ == text_.size(); }
    bool fail(std::string message) {
        error_ = {.column = static_cast<std::uint32_t>(at_ + 1), .message = std::move(message)};
        return false;
    }
    void skip_spaces() {
        while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    }
    bool take(char wanted) {
        skip_spaces();
        if (at_end() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    std::string_view read_word() {
        skip_spaces();
        const auto begin = at_;
        while (!at_end() && is_letter_of_key(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    bool read_term(Selector& selector) {
        if (selector.terms_.size() == kTermsMax) return fail(fmt::format("has too many terms (at most {})", kTermsMax));
        Selector::Term term;
        skip_spaces();
        term.key = read_word();
        if (term.key.empty()) return fail("a label's name is missing (write app = \"player\")");
        if (!read_comparison(term)) return false;
        std::ranges::sort(term.values);
        const auto [first, last] = std::ranges::unique(term.values);
        term.values.erase(first, last);
        selector.terms_.push_back(std::move(term));
        return true;
    }

    bool read_comparison(Selector::Term& term) {
        skip_spaces();
        if (text_.substr(at_).starts_with("!=")) {
            at_ += 2;
            term.is_negated = true;
            return read_value(term);
        }
        if (take('=')) return read_value(term);
        const auto begin = at_;
        auto word = read_word();
        if (word == "not") {
            term.is_negated = true;
            word = read_word();
        }
        if (word == "in") return read_list(term);
        at_ = begin;
        return fail(fmt::format("a comparison of {} is missing (one of: = != in (…) not in (…))", term.key));
    }

    bool read_list(Selector::Term& term) {
        if (!take('(')) return fail("a list is missing (write in (\"bj1\", \"bj2\"))");
        do {
            if (term.values.size() == kValuesMax)
                return fail(fmt::format("the list has too many values (at most {})", kValuesMax));
            if (!read_value(term)) return false;
        } while (take(','));
        if (!take(')')) return fail("the list does not end (close it with a parenthesis)");
        return true;
    }

    bool read_value(Selector::Term& term) {
        if (!take('"')) return fail("a value in double quotes is missing (write \"player\")");
        std::string value;
        for (; !at_end() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            value += text_[at_];
        }
        if (at_end()) return fail("the value does not end (close it with a double quote)");
        ++at_;
        term.values.push_back(std::move(value));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    SelectorError error_;
};

std::expected<Selector, SelectorError> Selector::parse(std::string_view text) {
    if (text.size() > kBytesMax)
        return std::unexpected(
            SelectorError{.message = fmt::format("is {} bytes long (at most {})", text.size(), kBytesMax)});
    Selector selector;
    SelectorParser parser(text);
    if (!parser.parse(selector)) return std::unexpected(std::move(parser).error());
    selector.text_ = text;
    return selector;
}

bool Selector::Term::has(const std::string& value) const {
    return std::ranges::binary_search(values, value);
}

bool Selector::matches(const Labels& labels) const {
    return std::ranges::all_of(terms_, [&](const Term& term) {
        const auto label = labels.find(term.key);
        return (label != labels.end() && term.has(label->second)) != term.is_negated;
    });
}

bool Selector::are_disjoint(const Selector& a, const Selector& b) {
    std::map<std::string, std::vector<const Term*>> by_key;
    for (const auto* selector : {&a, &b})
        for (const auto& term : selector->terms_) by_key[term.key].push_back(&term);
    for (const auto& [key, terms] : by_key) {
        const auto positive = std::ranges::find(terms, false, &Term::is_negated);
        if (positive == terms.end()) continue;  // an agent without the label matches
        const bool is_possible = std::ranges::any_of((*positive)->values, [&](const std::string& value) {
            return std::ranges::all_of(terms, [&](const Term* term) { return term->has(value) != term->is_negated; });
        });
        if (!is_possible) return true;
    }
    return false;
}

}  // namespace center::model
