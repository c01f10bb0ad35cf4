#include "common/process/condition_lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/text.h"

namespace process {

namespace {

constexpr std::array<std::string_view, 13> kSigns = {"==", "!=", "<=", ">=", "=~", "!~", "<",
                                                     ">",  "(",  ")",  "[",  "]",  ","};
constexpr std::array<std::string_view, 4> kWords = {"and", "or", "not", "in"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool begins_name(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@' || (c & 0x80) != 0;
}

bool is_in_name(char c) {
    return begins_name(c) || is_digit(c) || c == '.' || c == '-' || c == '/';
}

// The text in quotes that `rest` begins with, and how many characters it takes; 0: it has no end.
std::size_t unquote(std::string_view rest, std::string& text) {
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == rest[0]) return i + 1;
        if (rest[i] != '\\' || i + 1 == rest.size()) {
            text += rest[i];
            continue;
        }
        constexpr std::string_view kEscapes = "nrt\\\"'";
        constexpr std::string_view kMeanings = "\n\r\t\\\"'";
        const auto escape = kEscapes.find(rest[i + 1]);
        if (escape == std::string_view::npos) {
            text += '\\';  // for patterns
        } else {
            text += kMeanings[escape];
            ++i;
        }
    }
    return 0;
}

std::size_t count(std::string_view rest, bool (*belongs)(char)) {
    return static_cast<std::size_t>(std::ranges::find_if_not(rest, belongs) - rest.begin());
}

// How many characters the token takes; 0: there is none.
std::size_t take(std::string_view rest, Token& token) {
    if (rest[0] == '"' || rest[0] == '\'') {
        token.kind = Token::Kind::text;
        return unquote(rest, token.text);
    }
    std::size_t size = 0;
    const bool is_negative = rest[0] == '-' && rest.size() > 1 && is_digit(rest[1]);
    if (is_digit(rest[0]) || is_negative) {
        token.kind = Token::Kind::number;
        size = count(rest.substr(1), [](char c) { return is_digit(c) || c == '.'; }) + 1;
    } else if (begins_name(rest[0])) {
        size = count(rest, is_in_name);
        token.kind =
            std::ranges::find(kWords, rest.substr(0, size)) != kWords.end() ? Token::Kind::sign : Token::Kind::name;
    } else if (const auto* sign = std::ranges::find_if(kSigns, [&](auto one) { return rest.starts_with(one); });
               sign != kSigns.end()) {
        token.kind = Token::Kind::sign;
        size = sign->size();
    }
    token.text = rest.substr(0, size);
    return size;
}

}  // namespace

base::Result<std::vector<Token>> tokens_of(std::string_view condition) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < condition.size();) {
        if (std::isspace(static_cast<unsigned char>(condition[at])) != 0) {
            ++at;
            continue;
        }
        Token token{.at = at + 1};
        const auto rest = condition.substr(at);
        const auto size = take(rest, token);
        if (size == 0 && token.kind == Token::Kind::text)
            return base::fail("character {}: a text without its closing quote", at + 1);
        if (size == 0)
            return base::fail("character {}: {} begins nothing that is known (write {})", at + 1,
                              base::quote(rest.substr(0, 1)),
                              rest[0] == '=' ? "== to compare" : "a name, a number, a text in quotes");
        tokens.push_back(std::move(token));
        at += size;
    }
    tokens.push_back({.at = condition.size() + 1});
    return tokens;
}

}  // namespace process
