// Any text is a condition, a template and a pattern, or is refused with a reason. What is accepted can be asked of any
// record; and the literal that is looked for first is in whatever the pattern matches.
//
// The first line of the input is the expression, the rest is the record.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/assert.h"
#include "common/process/condition.h"
#include "common/process/parse.h"
#include "common/process/pattern.h"
#include "common/process/redact.h"
#include "common/process/template.h"

namespace {

using namespace process;

constexpr std::size_t kExpressionBytesMax = 200;  // RE2 may take its time for a long one

struct Fixture {
    Record record;
    Labels labels = {{"app", "player"}};
    Origin origin{.host = "h", .pipeline = "p", .path = "/a/b.log", .file_id = "f", .labels = &labels};
    std::unique_ptr<Processor> parse = *make_parse({.format = Format::logfmt});
};

// Replacing what is found twice is replacing it once: nothing is left of it.
void check_redact(const std::string& pattern, Record& record) {
    auto redact = make_redact({.pattern = pattern, .replacement = ""});
    if (!redact) return;
    const auto before = record.line().size();
    AGENT_ASSERT((*redact)->process(record) == Verdict::keep);
    AGENT_ASSERT(record.line().size() <= before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    if (end > kExpressionBytesMax) return 0;
    const std::string expression(input.substr(0, end));
    const auto line = input.substr(std::min(end + 1, input.size()));

    auto& record = fixture.record;
    record.begin(line, 0, fixture.origin, {});
    (void)fixture.parse->process(record);
    if (const auto condition = Condition::parse(expression))
        (void)condition->holds(record);
    else
        AGENT_ASSERT(!condition.error().message.empty());
    if (const auto text = Template::parse(expression, fixture.labels, Template::Scope::record)) {
        std::string out;
        text->append(out, record);
    } else {
        AGENT_ASSERT(!text.error().message.empty());
    }
    if (const auto pattern = Pattern::compile(expression)) {
        const auto found = pattern->find(line, 0);
        AGENT_ASSERT(found.has_value() == pattern->is_in(line));
        const auto literal = literal_in(expression);
        if (found) AGENT_ASSERT(line.substr(found->begin, found->size).contains(literal));
        check_redact(expression, record);
    }
    return 0;
}
