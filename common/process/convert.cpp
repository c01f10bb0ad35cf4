#include "common/process/convert.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/process/names.h"
#include "common/process/number.h"
#include "common/process/scanner.h"

namespace process {

namespace {

enum class Type : std::uint8_t { integer, real, boolean, string };
constexpr std::array<std::string_view, 4> kTypes = {"int", "float", "bool", "string"};  // in the order of Type

// A number as people write it, in pieces.
struct Number {
    bool is_negative = false;
    std::string_view whole;  // without zeros in front, at least one digit
    std::string_view fraction;
    std::string_view exponent;  // with its "e"
};

std::optional<Number> read_number(std::string_view text) {
    Number number{.is_negative = text.starts_with('-')};
    if (number.is_negative || text.starts_with('+')) text.remove_prefix(1);
    const auto eat_digits = [&] {
        const auto end = std::ranges::find_if_not(text, is_digit);
        const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        text.remove_prefix(digits.size());
        return digits;
    };
    number.whole = eat_digits();
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        number.fraction = eat_digits();
    }
    if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
    number.whole = number.whole.empty() ? "0" : count_of(number.whole);
    number.exponent = text;
    const bool is_exponent = text.starts_with('e') || text.starts_with('E');
    if (!text.empty() && !is_exponent) return std::nullopt;
    if (is_exponent && json_number_length(fmt::format("0{}", text.substr(0, 32))) != text.size() + 1)
        return std::nullopt;
    return number;
}

class Convert final : public Processor {
 public:
    struct Field {
        std::string name;
        Type type = Type::integer;
        std::string error;
    };

    explicit Convert(std::vector<Field> fields) : fields_(std::move(fields)) {}

    Verdict process(Record& record) override {
        for (const auto& field : fields_) {
            auto* value = record.find(field.name);
            if (!value || value->kind == Value::Kind::null) continue;
            if (const auto converted = convert(*value, field.type, record))
                *value = *converted;
            else
                record.set_parse_error(field.error);
        }
        return Verdict::keep;
    }

 private:
    static std::optional<Value> convert(const Value& value, Type type, Record& record) {
        if (value.kind == Value::Kind::list || value.kind == Value::Kind::table) return std::nullopt;
        if (value.kind == Value::Kind::boolean) return convert_boolean(value, type);
        switch (type) {
            case Type::integer:
                return to_integer(value.text, record);
            case Type::real:
                return value.kind == Value::Kind::number ? value : to_real(value.text, record);
            case Type::boolean:
                return to_boolean(value.text);
            case Type::string:
                return Value::of_text(value.text);
        }
        std::unreachable();
    }

    static Value convert_boolean(const Value& value, Type type) {
        if (type == Type::boolean) return value;
        if (type == Type::string) return Value::of_text(value.boolean ? "true" : "false");
        return Value::of_number(value.boolean ? "1" : "0");
    }

    static std::optional<Value> to_integer(std::string_view text, Record& record) {
        const auto number = read_number(text);
        if (!number || !number->exponent.empty()) return std::nullopt;
        if (number->fraction.find_first_not_of('0') != std::string_view::npos) return std::nullopt;
        if (!number->is_negative || number->whole == "0") return Value::of_number(number->whole);
        return Value::of_number(record.keep(fmt::format("-{}", number->whole)));
    }

    static std::optional<Value> to_real(std::string_view text, Record& record) {
        if (is_json_number(text)) return Value::of_number(text);
        const auto number = read_number(text);
        if (!number) return std::nullopt;
        return Value::of_number(
            record.keep(fmt::format("{}{}{}{}{}", number->is_negative ? "-" : "", number->whole,
                                    number->fraction.empty() ? "" : ".", number->fraction, number->exponent)));
    }

    static std::optional<Value> to_boolean(std::string_view text) {
        static constexpr std::array<std::string_view, 4> kTrue = {"true", "yes", "on", "1"};
        static constexpr std::array<std::string_view, 4> kFalse = {"false", "no", "off", "0"};
        const auto is = [&](std::string_view word) {
            return std::ranges::equal(text, word, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
        };
        if (std::ranges::any_of(kTrue, is)) return Value::of_boolean(true);
        if (std::ranges::any_of(kFalse, is)) return Value::of_boolean(false);
        return std::nullopt;
    }

    std::vector<Field> fields_;
};

std::optional<Type> type_of(std::string_view word) {
    const auto at = std::ranges::find(kTypes, word);
    if (at == kTypes.end()) return std::nullopt;
    return static_cast<Type>(at - kTypes.begin());
}

}  // namespace

Made make_convert(const ConvertOptions& options) {
    std::vector<OptionError> errors;
    std::vector<Convert::Field> fields;
    if (options.fields.empty()) errors.push_back({.key = "fields", .message = "is empty (name at least one field)"});
    for (const auto& [name, word] : options.fields) {
        const auto key = "fields." + name;
        check_name(name, key, errors);
        if (std::ranges::find(fields, name, &Convert::Field::name) != fields.end())
            errors.push_back({.key = key, .message = fmt::format("{} is there twice", base::quote(name))});
        const auto type = type_of(word);
        if (!type)
            errors.push_back({.key = key,
                              .message = fmt::format("{} is not known (use one of: {})", base::quote(word),
                                                     fmt::join(kTypes, ", "))});
        fields.push_back({.name = name,
                          .type = type.value_or(Type::string),
                          .error = fmt::format("{} cannot become {}", base::quote(name), word)});
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Convert>(std::move(fields));
}

}  // namespace process
