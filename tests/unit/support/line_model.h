// What a file's lines become, worked out the slow and plain way: the measure for reader and splitter together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/extent.h"
#include "agent/model/line_limit.h"

namespace test {

struct PlainRecord {
    std::string line;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    friend bool operator==(const PlainRecord&, const PlainRecord&) = default;
    friend std::ostream& operator<<(std::ostream& out, const PlainRecord& record) {
        return out << record.begin << ".." << record.end << " \"" << record.line.substr(0, 40) << "\"("
                   << record.line.size() << ")";
    }
};

inline std::vector<PlainRecord> plain(const agent::model::Extent& extent) {
    std::vector<PlainRecord> records;
    for (const auto& record : extent.records)
        records.push_back({std::string(record.line()), record.begin.value, record.end.value});
    return records;
}

// The records of all complete lines of `bytes`, which stand at offset 0.
inline std::vector<PlainRecord> records_of(std::string_view bytes, const agent::model::LineLimit& limit) {
    std::vector<PlainRecord> records;
    std::size_t begin = 0;
    for (auto newline = bytes.find('\n'); newline != std::string_view::npos; newline = bytes.find('\n', begin)) {
        auto line = bytes.substr(begin, newline - begin);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t end = newline + 1;
        if (line.size() <= limit.bytes_max) {
            records.push_back({std::string(line), begin, end});
        } else if (limit.policy == config::LongLine::truncate) {
            records.push_back({std::string(line.substr(0, limit.bytes_max)), begin, end});
        } else if (limit.policy == config::LongLine::split) {
            for (std::size_t at = 0; at < line.size(); at += limit.bytes_max) {
                const auto piece = line.substr(at, limit.bytes_max);
                const bool last = at + piece.size() == line.size();
                records.push_back({std::string(piece), begin + at, last ? end : begin + at + piece.size()});
            }
        }
        begin = end;
    }
    return records;
}

}  // namespace test
