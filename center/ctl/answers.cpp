#include "center/ctl/answers.h"

#include <cstdio>

#include <fmt/core.h>

#include "center/ctl/commands.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

const json::value* find(const json::value& object, std::string_view member) {
    return object.is_object() ? object.as_object().if_contains(member) : nullptr;
}

std::string text_of(const json::value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return printable(value.as_string());
    std::string out;
    if (const auto* list = value.if_array()) {
        for (const auto& item : *list) out += (out.empty() ? "" : ",") + text_of(item);
        return out;
    }
    if (const auto* table = value.if_object()) {
        for (const auto& [name, item] : *table)
            out += fmt::format("{}{}={}", out.empty() ? "" : ",", std::string_view(name), text_of(item));
        return out;
    }
    return json::serialize(value);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < ' ' && c != '\n' && c != '\t') || byte == 0x7F) c = '?';
    }
    return out;
}

std::string cell(const json::value& object, std::string_view member) {
    const auto* found = find(object, member);
    return found ? text_of(*found) : "";
}

double number(const json::value& object, std::string_view member) {
    const auto* found = find(object, member);
    boost::system::error_code none;
    return found ? found->to_number<double>(none) : 0;
}

const json::array& list_in(const json::value& answer) {
    static const json::array none;
    if (const auto* list = answer.if_array()) return *list;
    if (const auto* object = answer.if_object())
        for (const auto& [name, value] : *object)
            if (const auto* list = value.if_array()) return *list;
    return none;
}

int complain(const CallError& error, const std::string& file) {
    fmt::print(stderr, "venusctl: {}\n", error.message);
    for (const auto& one : error.details) {
        std::string place = file;
        if (one.line > 0) place += fmt::format("{}{}:{}", place.empty() ? "" : ":", one.line, one.column);
        fmt::print(stderr, "  {}{}{}{}{}\n", place, place.empty() ? "" : ": ", one.key, one.key.empty() ? "" : ": ",
                   one.message);
    }
    return kExitFailure;
}

int complain(const std::string& message, int exit_code) {
    fmt::print(stderr, "venusctl: {}\n", message);
    return exit_code;
}

void print_json(const json::value& answer) {
    fmt::print("{}\n", json::serialize(answer));
}

}  // namespace center::ctl
