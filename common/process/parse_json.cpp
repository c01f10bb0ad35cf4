#include "common/process/parse_json.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include <simdjson.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "common/process/members.h"
#include "common/process/number.h"

namespace process {

namespace {

constexpr std::size_t kNestingMax = 64;
constexpr std::size_t kNestedExpected = 8;  // members of a table that is not at the top, items of a list

// The first quote or backslash. There is one: simdjson knows that the string has an end.
const char* find_special(const char* at) {
#if defined(__SSE2__)
    static_assert(sizeof(__m128i) <= simdjson::SIMDJSON_PADDING);
    const auto quotes = _mm_set1_epi8('"');
    const auto backslashes = _mm_set1_epi8('\\');
    for (;; at += sizeof(__m128i)) {
        const auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto found = _mm_or_si128(_mm_cmpeq_epi8(block, quotes), _mm_cmpeq_epi8(block, backslashes));
        const auto marks = static_cast<unsigned>(_mm_movemask_epi8(found));
        if (marks != 0) return at + std::countr_zero(marks);
    }
#else
    while (*at != '"' && *at != '\\') ++at;
    return at;
#endif
}

// simdjson's first stage: it checks the encoding and finds where tokens begin.
class Tokenizer {
 public:
    simdjson::error_code run(std::string_view text) {
        if (const auto error = fit(text.size())) return error;
        if (!text.empty()) std::memcpy(padded_.data(), text.data(), text.size());
        std::memset(padded_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
        return tokens_->stage1(reinterpret_cast<const std::uint8_t*>(padded_.data()), text.size(),
                               simdjson::stage1_mode::regular);
    }

    const char* json() const { return padded_.data(); }
    const std::uint32_t* begin() const { return tokens_->structural_indexes.get(); }
    const std::uint32_t* end() const { return begin() + tokens_->n_structural_indexes; }
    const std::uint8_t* unescape(const char* behind_quote, std::uint8_t* to) const {
        return tokens_->parse_string(reinterpret_cast<const std::uint8_t*>(behind_quote), to);
    }

 private:
    simdjson::error_code fit(std::size_t size) {
        if (tokens_ && tokens_->capacity() >= size) return simdjson::SUCCESS;
        const auto capacity = std::max(std::bit_ceil(size), kCapacityMin);
        padded_.resize(capacity + simdjson::SIMDJSON_PADDING);
        if (tokens_) return tokens_->allocate(capacity, kNestingMax);
        return simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kNestingMax, tokens_);
    }

    static constexpr std::size_t kCapacityMin = 4096;

    std::unique_ptr<simdjson::internal::dom_parser_implementation> tokens_;
    std::vector<char> padded_;  // simdjson reads a little beyond the end
};

// Goes once over the tokens and makes a tree of values. simdjson's own ways to do that cost twice as much: On-Demand by
// its results that are passed about, the DOM by its numbers, whose text it throws away.
class TreeReader {
 public:
    TreeReader(const Tokenizer& tokens, std::string_view text, Record& record)
        : tokens_(tokens),
          json_(tokens.json()),
          text_(text),
          record_(record),
          next_(tokens.begin()),
          end_(tokens.end()) {}

    bool read(Value::Table& into) {
        if (peek() != '{') return fail("not an object");
        return read_table(into, 1) && (next_ == end_ || fail("something after the object"));
    }
    std::string_view why() const { return why_; }

 private:
    char peek() const { return next_ < end_ ? json_[*next_] : '\0'; }

    // The character where the token begins, which is left behind; 0 at the end.
    char eat() {
        const char c = peek();
        if (next_ < end_) ++next_;
        return c;
    }

    bool fail(std::string_view why) {
        why_ = why;
        return false;
    }

    bool read_table(Value::Table& into, std::size_t depth) {
        eat();
        if (peek() == '}') return eat() != '\0';
        for (;;) {
            if (peek() != '"') return fail("no name in an object");
            auto& member = into.emplace_back();
            if (!read_text(member.name)) return false;
            if (eat() != ':') return fail("no colon after a name");
            if (!read_value(member.value, depth)) return false;
            const char behind = eat();
            if (behind == '}') break;
            if (behind != ',') return fail("an object without its end");
        }
        keep_last(into);
        return true;
    }

    bool read_list(Value::List& into, std::size_t depth) {
        eat();
        if (peek() == ']') return eat() != '\0';
        for (;;) {
            if (!read_value(into.emplace_back(), depth)) return false;
            const char behind = eat();
            if (behind == ']') return true;
            if (behind != ',') return fail("a list without its end");
        }
    }

    bool read_value(Value& into, std::size_t depth) {
        switch (peek()) {
            case '"':
                into.kind = Value::Kind::text;
                return read_text(into.text);
            case '{':
                if (depth == kNestingMax) return fail("nested too deep");
                into = record_.make_table();
                into.table->reserve(kNestedExpected);
                return read_table(*into.table, depth + 1);
            case '[':
                if (depth == kNestingMax) return fail("nested too deep");
                into = record_.make_list();
                into.list->reserve(kNestedExpected);
                return read_list(*into.list, depth + 1);
            default:
                return read_word(into);
        }
    }

    // A string without escapes, as most are, needs no copy.
    bool read_text(std::string_view& into) {
        const auto begin = std::size_t{*next_++} + 1;
        const auto* special = find_special(json_ + begin);
        if (*special != '"') return read_escaped(begin, into);
        into = {text_.data() + begin, static_cast<std::size_t>(special - json_) - begin};
        return true;
    }

    bool read_escaped(std::size_t begin, std::string_view& into) {
        if (unescaped_ == nullptr) {
            const auto room = text_.size() + simdjson::SIMDJSON_PADDING;
            unescaped_ = static_cast<std::uint8_t*>(record_.memory().allocate(room, 1));
        }
        const auto* end = tokens_.unescape(json_ + begin, unescaped_);
        if (end == nullptr) return fail("an escape in a string that is none");
        const auto size = static_cast<std::size_t>(end - unescaped_);
        into = {reinterpret_cast<const char*>(unescaped_), size};
        unescaped_ += size;
        return true;
    }

    // Up to the next token, but for blanks: a number, true, false or null.
    bool read_word(Value& into) {
        if (next_ == end_) return fail("a value is missing");
        const auto begin = *next_++;
        const auto size = (next_ < end_ ? *next_ : text_.size()) - begin;
        auto word = text_.substr(begin, size);
        while (word.ends_with(' ') || word.ends_with('\t') || word.ends_with('\r') || word.ends_with('\n'))
            word.remove_suffix(1);
        if (is_json_number(word))
            into = Value::of_number(word);
        else if (word == "true" || word == "false")
            into = Value::of_boolean(word == "true");
        else if (word != "null")
            return fail("a value that is none");
        return true;
    }

    const Tokenizer& tokens_;
    const char* json_;
    std::string_view text_;  // the same, and it lives longer
    Record& record_;
    const std::uint32_t* next_;
    const std::uint32_t* end_;
    std::uint8_t* unescaped_ = nullptr;  // for all strings of the record that need it
    std::string_view why_;
};

class JsonParser final : public Parser {
 public:
    Parsed parse(std::string_view text, Record& record, Value::Table& into) override {
        if (const auto error = tokenizer_.run(text)) return std::unexpected(reason(error));
        into.reserve(kMembersExpected);
        TreeReader reader(tokenizer_, text, record);
        if (!reader.read(into)) return std::unexpected(reader.why());
        return {};
    }

 private:
    static std::string_view reason(simdjson::error_code error) {
        switch (error) {
            case simdjson::EMPTY:
                return "empty";
            case simdjson::UTF8_ERROR:
                return "not valid UTF-8";
            case simdjson::UNCLOSED_STRING:
                return "a string without its end";
            case simdjson::UNESCAPED_CHARS:
                return "a control character in a string";
            case simdjson::CAPACITY:
                return "too long";
            default:
                return "not valid JSON";
        }
    }

    Tokenizer tokenizer_;
};

}  // namespace

std::unique_ptr<Parser> make_json_parser() {
    return std::make_unique<JsonParser>();
}

}  // namespace process
