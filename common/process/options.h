// The options of processors, as the config has them. Patterns, conditions and templates are text here: whoever makes a
// processor of them finds out whether they are right.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace process {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;  // in the order in which they were written

struct FilterOptions {
    std::vector<std::string> include;  // patterns; one of them must be in the line, where there are some
    std::vector<std::string> exclude;  // patterns; none of them may be
    std::string where;                 // a condition that must hold; "": none

    friend bool operator==(const FilterOptions&, const FilterOptions&) = default;
};

struct SampleOptions {
    double rate = 1;        // the share that is kept, 0 to 1
    std::string key;        // a template: records of the same key have the same fate; "": each its own
    bool add_rate = false;  // as the field sample_rate

    friend bool operator==(const SampleOptions&, const SampleOptions&) = default;
};

enum class Format : std::uint8_t { json, regex, logfmt, csv, nginx, apache, syslog };
enum class OnError : std::uint8_t { keep, drop };

struct ParseOptions {
    Format format = Format::json;
    std::string pattern;               // regex: with named groups
    std::vector<std::string> columns;  // csv: the names, in order
    std::string field;                 // what is parsed; "": the line
    std::string into;                  // where the fields go; "": to the top
    OnError on_error = OnError::keep;  // keep: with the field parse_error

    friend bool operator==(const ParseOptions&, const ParseOptions&) = default;
};

struct TimestampOptions {
    std::string field;                 // "": the line's beginning
    std::vector<std::string> formats;  // tried in turn: strptime's letters with %f for a fraction, or rfc3339, unix, …
    std::string zone = "UTC";          // of times that name none: as in /usr/share/zoneinfo, "local", or +08:00
    std::optional<std::chrono::milliseconds> future_max;  // a time further ahead is not believed

    friend bool operator==(const TimestampOptions&, const TimestampOptions&) = default;
};

struct SetOptions {
    NamedTexts fields;  // name, template

    friend bool operator==(const SetOptions&, const SetOptions&) = default;
};

struct RenameOptions {
    NamedTexts fields;  // old name, new name

    friend bool operator==(const RenameOptions&, const RenameOptions&) = default;
};

struct RemoveOptions {
    std::vector<std::string> fields;

    friend bool operator==(const RemoveOptions&, const RemoveOptions&) = default;
};

struct KeepOptions {
    std::vector<std::string> fields;

    friend bool operator==(const KeepOptions&, const KeepOptions&) = default;
};

struct ConvertOptions {
    NamedTexts fields;  // name, type: int float bool string

    friend bool operator==(const ConvertOptions&, const ConvertOptions&) = default;
};

enum class RedactPreset : std::uint8_t { card, phone, email, bearer };

struct RedactOptions {
    std::optional<RedactPreset> preset;
    std::string pattern;  // where no preset is given
    std::string replacement = "***";
    std::string hash_key;             // set: a keyed hash takes the place of the replacement
    std::vector<std::string> fields;  // empty: the line

    friend bool operator==(const RedactOptions&, const RedactOptions&) = default;
};

enum class StackTraces : std::uint8_t { java, python, go, dotnet };

// Which lines are one record. One of the three patterns or the preset is given, and no other.
struct MultilineOptions {
    std::string start;    // a pattern: such a line begins a record
    std::string goes_on;  // such a line belongs to the record before it
    std::string end;      // such a line ends its record
    std::optional<StackTraces> preset;
    std::chrono::milliseconds timeout{1000};      // a record is complete when nothing was added to it for so long
    std::uint64_t lines_max = 1000;               // of a record; what follows begins another one
    std::uint64_t record_bytes_max = 1ULL << 20;  // the same

    friend bool operator==(const MultilineOptions&, const MultilineOptions&) = default;
};

struct ProcessorOptions {
    std::string name;  // for metrics and traces
    std::string when;  // a condition under which it applies; "": always
    std::variant<FilterOptions, SampleOptions, ParseOptions, TimestampOptions, SetOptions, RenameOptions, RemoveOptions,
                 KeepOptions, ConvertOptions, RedactOptions>
        what;

    friend bool operator==(const ProcessorOptions&, const ProcessorOptions&) = default;
};

}  // namespace process
