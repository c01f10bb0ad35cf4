// Which agents: a condition on their labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace center::model {

using Labels = std::map<std::string, std::string>;

struct SelectorError {
    std::uint32_t column = 1;  // from 1, in bytes
    std::string message;
};

// `app = "player", idc in ("bj1", "bj2"), tier != "test", disk not in ("hdd")`: all terms hold. No term: everybody.
// `!=` and `not in` hold for an agent without the label, too.
class Selector {
 public:
    static constexpr std::size_t kBytesMax = 4096;

    Selector() = default;  // everybody
    static std::expected<Selector, SelectorError> parse(std::string_view text);

    bool matches(const Labels& labels) const;
    const std::string& text() const { return text_; }

    // Can no labels at all match both? Exact: each key's terms are held together by themselves.
    static bool are_disjoint(const Selector& a, const Selector& b);

    friend bool operator==(const Selector& a, const Selector& b) { return a.text_ == b.text_; }

 private:
    friend class SelectorParser;
    struct Term {
        std::string key;
        bool is_negated = false;
        std::vector<std::string> values;  // sorted

        bool has(const std::string& value) const;
    };

    std::string text_;
    std::vector<Term> terms_;
};

}  // namespace center::model
