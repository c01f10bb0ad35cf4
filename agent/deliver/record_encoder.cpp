#include "agent/deliver/record_encoder.h"

#include <chrono>
#include <cstdint>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace agent::deliver {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the well-formed UTF-8 sequence that `text` begins with (Unicode 15, table 3-7); 0: none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto in = [&](std::size_t i, unsigned low, unsigned high) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const auto tail = [&](std::size_t i) { return in(i, 0x80, 0xBF); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = lead == 0xED ? 0x9F : 0xBF;
        return in(1, low, high) && tail(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
        return in(1, low, high) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

bool is_plain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;

        const std::size_t length = sequence_length(text);
        if (length == 0)
            out += kReplacement;
        else if (length == 1)
            append_escaped(out, text[0]);
        else
            out.append(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

std::string utc_now() {
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                       ms % 1000);
}

void encode_json(model::Extent& extent, const SinkContext& context, const FileContext& file) {
    std::string head = fmt::format(R"({{"time":"{}","host":)", utc_now());
    append_json_string(head, context.host);
    head += R"(,"path":)";
    append_json_string(head, file.path);
    head += R"(,"pipeline":)";
    append_json_string(head, context.pipeline);
    head += R"(,"offset":)";
    for (auto& record : extent.records) {
        auto& json = extent.arena.emplace_back();
        json.reserve(head.size() + record.size + 64);
        json += head;
        fmt::format_to(std::back_inserter(json), R"({},"line":)", record.begin.value);
        append_json_string(json, record.line());
        json += R"(,"fields":{}})";
        record.data = json.data();
        record.size = static_cast<std::uint32_t>(json.size());
    }
}

}  // namespace agent::deliver
