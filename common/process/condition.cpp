#include "common/process/condition.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/process/condition_lexer.h"
#include "common/process/name.h"
#include "common/process/pattern.h"

namespace process {

namespace {

using NodePtr = std::unique_ptr<const Condition::Node>;
using Kind = Value::Kind;

constexpr int kDepthMax = 64;  // of parentheses and nots

// --- what a comparison compares ---

std::optional<double> number_of(const Value& value) {
    if (value.kind != Kind::number && value.kind != Kind::text) return std::nullopt;
    double number = 0;
    const auto [at, error] = std::from_chars(value.text.begin(), value.text.end(), number);
    if (error != std::errc() || at != value.text.end()) return std::nullopt;
    return number;
}

std::optional<std::int64_t> integer_of(const Value& value) {
    std::int64_t number = 0;
    const auto [at, error] = std::from_chars(value.text.begin(), value.text.end(), number);
    if (error != std::errc() || at != value.text.end()) return std::nullopt;
    return number;
}

std::string_view text_of(const Value& value) {
    if (value.kind == Kind::boolean) return value.boolean ? "true" : "false";
    return value.text;
}

// < 0, 0 or > 0; none: not a number.
std::optional<int> compare_numbers(const Value& one, const Value& other) {
    const auto order = [](auto a, auto b) { return a < b ? -1 : static_cast<int>(a > b); };
    const auto whole = integer_of(one);
    const auto other_whole = integer_of(other);
    if (whole && other_whole) return order(*whole, *other_whole);
    const auto real = number_of(one);
    const auto other_real = number_of(other);
    if (!real || !other_real) return std::nullopt;
    return order(*real, *other_real);
}

int compare(const Value& one, const Value& other) {
    if (one.kind == Kind::number || other.kind == Kind::number)
        if (const auto order = compare_numbers(one, other)) return *order;
    return text_of(one).compare(text_of(other));
}

// --- the parts of a condition ---

// A name or a literal.
struct Operand {
    Name name;
    std::optional<std::string> literal;  // owns the value's text
    Kind literal_kind = Kind::text;

    // none: it is missing, or no scalar.
    std::optional<Value> value(Record& record) const {
        if (literal) {
            if (literal_kind == Kind::boolean) return Value::of_boolean(*literal == "true");
            return Value{.kind = literal_kind, .text = *literal};
        }
        return name.scalar(record);
    }
};

struct Comparison : Condition::Node {
    enum class Sign : std::uint8_t { equal, unequal, less, at_most, more, at_least };

    bool holds(Record& record) const override {
        const auto a = left.value(record);
        const auto b = right.value(record);
        if (!a || !b) return sign == Sign::unequal;
        const int order = compare(*a, *b);
        switch (sign) {
            case Sign::equal:
                return order == 0;
            case Sign::unequal:
                return order != 0;
            case Sign::less:
                return order < 0;
            case Sign::at_most:
                return order <= 0;
            case Sign::more:
                return order > 0;
            case Sign::at_least:
                return order >= 0;
        }
        return false;
    }

    Operand left;
    Operand right;
    Sign sign = Sign::equal;
};

struct Match : Condition::Node {
    Match(Operand l, Pattern p, bool n) : left(std::move(l)), pattern(std::move(p)), is_negated(n) {}
    bool holds(Record& record) const override {
        const auto value = left.value(record);
        return (value && pattern.is_in(text_of(*value))) != is_negated;
    }
    Operand left;
    Pattern pattern;
    bool is_negated;
};

struct OneOf : Condition::Node {
    bool holds(Record& record) const override {
        const auto value = left.value(record);
        if (!value) return false;
        return std::ranges::any_of(items,
                                   [&](const Operand& item) { return compare(*value, *item.value(record)) == 0; });
    }
    Operand left;
    std::vector<Operand> items;  // literals
};

struct Exists : Condition::Node {
    bool holds(Record& record) const override { return name.exists(record); }
    Name name;
};

struct IsTrue : Condition::Node {
    bool holds(Record& record) const override {
        const auto value = left.value(record);
        return value && text_of(*value) == "true";
    }
    Operand left;
};

struct Not : Condition::Node {
    bool holds(Record& record) const override { return !inner->holds(record); }
    NodePtr inner;
};

struct All : Condition::Node {
    bool holds(Record& record) const override {
        return std::ranges::all_of(parts, [&](const NodePtr& part) { return part->holds(record); });
    }
    std::vector<NodePtr> parts;
};

struct Any : Condition::Node {
    bool holds(Record& record) const override {
        return std::ranges::any_of(parts, [&](const NodePtr& part) { return part->holds(record); });
    }
    std::vector<NodePtr> parts;
};

// --- how it is read: or, and, not, comparison ---

class Parser {
 public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    base::Result<NodePtr> whole() {
        auto root = alternatives(0);
        if (root && now().kind != Token::Kind::end) return fail("and, or, or the end");
        return root;
    }

    std::vector<Name> take_names() { return std::exchange(names_, {}); }

 private:
    const Token& now() const { return tokens_[at_]; }
    bool is_sign(std::string_view sign) const { return now().kind == Token::Kind::sign && now().text == sign; }
    bool take_sign(std::string_view sign) {
        if (!is_sign(sign)) return false;
        ++at_;
        return true;
    }

    std::unexpected<base::Error> fail(std::string_view wanted) const {
        const auto seen = now().kind == Token::Kind::end ? std::string("the end") : base::quote(now().text);
        return base::fail("character {}: {} is not expected here (write {})", now().at, seen, wanted);
    }

    template <typename Joined>
    base::Result<NodePtr> joined(std::string_view word, int depth, base::Result<NodePtr> (Parser::*part)(int)) {
        auto first = (this->*part)(depth);
        if (!first || !is_sign(word)) return first;
        auto node = std::make_unique<Joined>();
        node->parts.push_back(std::move(*first));
        while (take_sign(word)) {
            auto next = (this->*part)(depth);
            if (!next) return next;
            node->parts.push_back(std::move(*next));
        }
        return node;
    }

    base::Result<NodePtr> alternatives(int depth) { return joined<Any>("or", depth, &Parser::conjunction); }
    base::Result<NodePtr> conjunction(int depth) { return joined<All>("and", depth, &Parser::negation); }

    base::Result<NodePtr> negation(int depth) {
        if (depth > kDepthMax) return base::fail("character {}: is nested too deep (at most {})", now().at, kDepthMax);
        if (take_sign("not")) {
            auto inner = negation(depth + 1);
            if (!inner) return inner;
            auto node = std::make_unique<Not>();
            node->inner = std::move(*inner);
            return node;
        }
        if (take_sign("(")) {
            auto inner = alternatives(depth + 1);
            if (inner && !take_sign(")")) return fail("a closing parenthesis");
            return inner;
        }
        if (now().kind == Token::Kind::name && now().text == "exists" && tokens_[at_ + 1].text == "(") return exists();
        return comparison();
    }

    base::Result<NodePtr> exists() {
        at_ += 2;
        if (now().kind != Token::Kind::name) return fail("the name of a field");
        auto node = std::make_unique<Exists>();
        node->name = names_.emplace_back(tokens_[at_++].text);
        if (!take_sign(")")) return fail("a closing parenthesis");
        return node;
    }

    base::Result<Operand> operand() {
        Operand operand;
        const auto& token = now();
        const bool is_truth = token.kind == Token::Kind::name && (token.text == "true" || token.text == "false");
        if (token.kind == Token::Kind::text || is_truth) {
            operand.literal = token.text;
            operand.literal_kind = is_truth ? Kind::boolean : Kind::text;
        } else if (token.kind == Token::Kind::number) {
            operand.literal = token.text;
            operand.literal_kind = Kind::number;
            if (!number_of(Value::of_number(token.text))) return fail("a number");
        } else if (token.kind == Token::Kind::name) {
            operand.name = names_.emplace_back(token.text);
        } else {
            return fail("a name, a number or a text in quotes");
        }
        ++at_;
        return operand;
    }

    base::Result<NodePtr> comparison() {
        auto left = operand();
        if (!left) return std::unexpected(left.error());
        if (is_sign("=~") || is_sign("!~")) return match(std::move(*left));
        if (take_sign("in")) return one_of(std::move(*left));
        constexpr std::array<std::string_view, 6> kSigns = {"==", "!=", "<", "<=", ">", ">="};
        const auto* sign = std::ranges::find_if(kSigns, [&](auto one) { return is_sign(one); });
        if (sign != kSigns.end())
            return ordered(std::move(*left), static_cast<Comparison::Sign>(sign - kSigns.begin()));
        if (left->literal && left->literal_kind != Kind::boolean) return fail("a comparison, == say");
        auto node = std::make_unique<IsTrue>();
        node->left = std::move(*left);
        return node;
    }

    base::Result<NodePtr> ordered(Operand left, Comparison::Sign sign) {
        ++at_;
        const auto at = now().at;
        auto right = operand();
        if (!right) return std::unexpected(right.error());
        const bool is_truth = right->literal && right->literal_kind == Kind::boolean;
        if (is_truth && sign != Comparison::Sign::equal && sign != Comparison::Sign::unequal)
            return base::fail("character {}: true and false have no order (use == or !=)", at);
        auto node = std::make_unique<Comparison>();
        node->left = std::move(left);
        node->right = std::move(*right);
        node->sign = sign;
        return node;
    }

    base::Result<NodePtr> match(Operand left) {
        const bool is_negated = tokens_[at_++].text == "!~";
        if (now().kind != Token::Kind::text) return fail("a pattern in quotes");
        auto pattern = Pattern::compile(now().text);
        if (!pattern) return base::fail("character {}: {}", now().at, pattern.error().message);
        ++at_;
        return std::make_unique<Match>(std::move(left), std::move(*pattern), is_negated);
    }

    base::Result<NodePtr> one_of(Operand left) {
        const bool is_round = is_sign("(");
        if (!take_sign("(") && !take_sign("[")) return fail("a list, (\"a\", \"b\")");
        auto node = std::make_unique<OneOf>();
        node->left = std::move(left);
        do {
            auto item = operand();
            if (!item) return std::unexpected(item.error());
            if (!item->literal) {
                --at_;
                return fail("a number or a text in quotes");
            }
            node->items.push_back(std::move(*item));
        } while (take_sign(","));
        if (!take_sign(is_round ? ")" : "]")) return fail("a comma, or the end of the list");
        return node;
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::vector<Name> names_;
};

}  // namespace

base::Result<Condition> Condition::parse(std::string_view text) {
    auto tokens = tokens_of(text);
    if (!tokens) return std::unexpected(tokens.error());
    Parser parser(std::move(*tokens));
    auto root = parser.whole();
    if (!root) return std::unexpected(root.error());
    return Condition(std::shared_ptr<const Node>(std::move(*root)), parser.take_names());
}

}  // namespace process
