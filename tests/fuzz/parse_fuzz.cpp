// Any bytes are a record, whose fields are there in whole, or it has those of before and the reason why. The first byte
// chooses the format, among them that of a time.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/assert.h"
#include "common/process/number.h"
#include "common/process/parse.h"
#include "common/process/timestamp.h"

namespace {

using namespace process;

const std::array<ParseOptions, 7> kFormats = {
    ParseOptions{.format = Format::json},
    ParseOptions{.format = Format::regex, .pattern = R"(^(?P<level>\w+)(?:\[(?P<id>\d*)\])?: (?P<text>.*)$)"},
    ParseOptions{.format = Format::logfmt},
    ParseOptions{.format = Format::csv, .columns = {"a", "b", "c"}},
    ParseOptions{.format = Format::nginx},
    ParseOptions{.format = Format::apache},
    ParseOptions{.format = Format::syslog}};

struct Fixture {
    Fixture() {
        for (std::size_t i = 0; i < kFormats.size(); ++i) {
            auto options = kFormats[i];
            keeping[i] = *make_parse(options);
            options.on_error = OnError::drop;
            dropping[i] = *make_parse(options);
        }
    }

    // A record that has one field already; what the processor says of it.
    Verdict run(Processor& processor, std::string_view line) {
        record.begin(line, 0, origin, {});
        record.put("before") = Value::of_text("x");
        return processor.process(record);
    }

    std::array<std::unique_ptr<Processor>, kFormats.size()> keeping;
    std::array<std::unique_ptr<Processor>, kFormats.size()> dropping;
    std::array<std::unique_ptr<Processor>, 2> times = {
        *make_timestamp({}),
        *make_timestamp({.formats = {"%a %b %e %I:%M:%S.%f %p %y %z", "%s", "%j %Y %T %Z"}, .zone = "+08:00"})};
    Origin origin;
    Record record;
};

// Reads all there is: numbers are JSON's, names are there once, texts may be read.
void check(const Value& value);

void check(const Value::Table& table) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        check(table[i].value);
        for (std::size_t j = 0; j < i && table.size() < 100; ++j) AGENT_ASSERT(table[i].name != table[j].name);
    }
}

void check(const Value& value) {
    if (value.kind == Value::Kind::number) AGENT_ASSERT(is_json_number(value.text));
    if (value.kind == Value::Kind::text) AGENT_ASSERT(std::string(value.text).size() == value.text.size());
    if (value.kind == Value::Kind::table) check(*value.table);
    if (value.kind == Value::Kind::list)
        for (const auto& item : *value.list) check(item);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    if (size == 0) return 0;
    const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto choice = data[0] % (kFormats.size() + fixture.times.size());
    if (choice >= kFormats.size()) {
        (void)fixture.run(*fixture.times[choice - kFormats.size()], line);
        return 0;
    }
    const bool fails = fixture.run(*fixture.dropping[choice], line) == Verdict::drop;
    const auto& fields = fixture.record.fields();
    if (fails) AGENT_ASSERT(fields.size() == 1 && fields[0].name == "before" && fields[0].value.text == "x");
    AGENT_ASSERT(fixture.run(*fixture.keeping[choice], line) == Verdict::keep);
    const auto& kept = fixture.record.fields();
    if (fails) AGENT_ASSERT(kept.size() == 2 && kept[0].value.text == "x" && kept[1].name == "parse_error");
    check(kept);
    return 0;
}
