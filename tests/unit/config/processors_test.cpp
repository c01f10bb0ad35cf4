#include <gmock/gmock.h>

#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using namespace process;
using testing::ElementsAre;
using testing::HasSubstr;

std::string with(std::string_view processors) {
    return "agent.labels = { app = 'player' }\n[[pipelines]]\nname = 'p'\nsource.include = ['/x/*']\n"
           "sink.type = 'blackhole'\nprocessors = [\n" +
           std::string(processors) + "]\n";
}

std::vector<ProcessorOptions> read(std::string_view processors) {
    const auto config = parse(with(processors));
    EXPECT_TRUE(config) << complaint(with(processors));
    return config ? config->pipelines.at(0).processors : std::vector<ProcessorOptions>{};
}

std::string wrong(std::string_view processors) {
    return complaint(with(processors));
}

TEST(Processors, EachTypeIsReadWithItsKeys) {
    EXPECT_THAT(
        read("{ type = 'filter', name = 'no-bots', when = 'exists(a)', include = 'x', exclude = ['y', 'z'], where = 'a "
             "== 1' },"
             "{ type = 'sample', rate = 0.5, key = '{fields.user}', add_rate = true },"
             "{ type = 'sample', rate = 1 },"
             "{ type = 'set', fields = { a = '{host}', 'b.c' = '{labels.app}' } },"
             "{ type = 'redact', preset = 'email', replacement = '-', fields = ['a'] },"
             "{ type = 'redact', pattern = 'x', hash_key = 'k' },"
             "{ type = 'parse', format = 'csv', columns = ['a', 'b'], field = 'x', into = 'y', on_error = 'drop' },"
             "{ type = 'parse', format = 'regex', pattern = '(?P<a>x)' },"
             "{ type = 'timestamp', field = 'a', formats = ['unix'], zone = '+08:00', future_max = '1h' },"
             "{ type = 'rename', fields = { a = 'b' } },"
             "{ type = 'remove', fields = ['a'] },"
             "{ type = 'keep', fields = ['a', 'b.c'] },"
             "{ type = 'convert', fields = { a = 'int' } },"),
        ElementsAre(
            ProcessorOptions{.name = "no-bots",
                             .when = "exists(a)",
                             .what = FilterOptions{.include = {"x"}, .exclude = {"y", "z"}, .where = "a == 1"}},
            ProcessorOptions{.name = "sample",
                             .what = SampleOptions{.rate = 0.5, .key = "{fields.user}", .add_rate = true}},
            ProcessorOptions{.name = "sample-2", .what = SampleOptions{.rate = 1}},
            ProcessorOptions{.name = "set", .what = SetOptions{.fields = {{"a", "{host}"}, {"b.c", "{labels.app}"}}}},
            ProcessorOptions{.name = "redact",
                             .what = RedactOptions{.preset = RedactPreset::email, .replacement = "-", .fields = {"a"}}},
            ProcessorOptions{.name = "redact-2", .what = RedactOptions{.pattern = "x", .hash_key = "k"}},
            ProcessorOptions{.name = "parse",
                             .what = ParseOptions{.format = Format::csv,
                                                  .columns = {"a", "b"},
                                                  .field = "x",
                                                  .into = "y",
                                                  .on_error = OnError::drop}},
            ProcessorOptions{.name = "parse-2", .what = ParseOptions{.format = Format::regex, .pattern = "(?P<a>x)"}},
            ProcessorOptions{
                .name = "timestamp",
                .what =
                    TimestampOptions{
                        .field = "a", .formats = {"unix"}, .zone = "+08:00", .future_max = std::chrono::hours(1)}},
            ProcessorOptions{.name = "rename", .what = RenameOptions{.fields = {{"a", "b"}}}},
            ProcessorOptions{.name = "remove", .what = RemoveOptions{.fields = {"a"}}},
            ProcessorOptions{.name = "keep", .what = KeepOptions{.fields = {"a", "b.c"}}},
            ProcessorOptions{.name = "convert", .what = ConvertOptions{.fields = {{"a", "int"}}}}));
    EXPECT_THAT(read(""), ElementsAre());
}

TEST(Processors, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_EQ(wrong("{ type = 'filter', exclude = ['a', '('] },"),
              "pipelines[0].processors[0].exclude[1]: \"(\" is no pattern: missing ): (");
    EXPECT_EQ(wrong("{ type = 'filter', exclude = '(' },"),
              "pipelines[0].processors[0].exclude: \"(\" is no pattern: missing ): (");
    EXPECT_THAT(wrong("{ type = 'filter', where = 'a = 1' },"),
                HasSubstr("pipelines[0].processors[0].where: character 3: \"=\" begins nothing"));
    EXPECT_THAT(wrong("{ type = 'filter', exclude = 'a', when = 'and' },"),
                HasSubstr("processors[0].when: character 1"));
    EXPECT_THAT(wrong("{ type = 'filter' },"), HasSubstr("processors[0]: filters nothing"));
    EXPECT_THAT(wrong("{ type = 'set', fields = { 'a.b' = '{x}' } },"),
                HasSubstr("fields.\"a.b\": unknown name \"x\""));
    EXPECT_THAT(wrong("{ type = 'set', fields = { a = '{labels.ap}' } },"), HasSubstr("did you mean {labels.app}?"));
    EXPECT_THAT(wrong("{ type = 'sample', rate = 2 },"), HasSubstr("processors[0].rate: 2 is no share"));
    EXPECT_THAT(wrong("{ type = 'sample' },"), HasSubstr("rate: is missing (write rate = 0.1)"));
    EXPECT_THAT(wrong("{ type = 'redact', preset = 'cart' },"), HasSubstr("did you mean \"card\"?"));
    EXPECT_THAT(wrong("{ type = 'parse', format = 'regex', pattern = 'x' },"), HasSubstr("processors[0].pattern: "));
    EXPECT_THAT(wrong("{ type = 'parse', format = 'csv' },"), HasSubstr("processors[0]"));
    EXPECT_THAT(wrong("{ type = 'parse' },"), HasSubstr("format: is missing"));
    EXPECT_THAT(wrong("{ type = 'timestamp', formats = ['unix', '%Q'] },"), HasSubstr("processors[0].formats[1]: "));
    EXPECT_THAT(wrong("{ type = 'timestamp', zone = 'Mars' },"), HasSubstr("processors[0].zone: "));
    EXPECT_THAT(wrong("{ type = 'convert', fields = { a = 'integer' } },"), HasSubstr("processors[0].fields.a: "));
    EXPECT_THAT(wrong("{ type = 'rename', fields = { a = '' } },"), HasSubstr("processors[0].fields.a: "));
    EXPECT_THAT(wrong("{ type = 'remove', fields = [] },"), HasSubstr("processors[0].fields: "));
}

TEST(Processors, TypesKeysAndNamesAreChecked) {
    EXPECT_EQ(wrong("{ exclude = 'a' },"), "pipelines[0].processors[0].type: is missing (write type = \"filter\")");
    EXPECT_THAT(wrong("{ type = 'flter', exclude = 'a' },"), HasSubstr("did you mean \"filter\"?"));
    EXPECT_EQ(wrong("{ type = 'filter', exclude = 'a', rate = 0.1 },"),
              "pipelines[0].processors[0].rate: is no key of filter (which has: include, exclude, where)");
    EXPECT_THAT(wrong("{ type = 'filter', exclud = 'a' },"), HasSubstr("did you mean \"exclude\"?"));
    EXPECT_THAT(wrong("{ type = 'set', fields = ['a'] },"), HasSubstr("fields: is a list (write a table"));
    EXPECT_THAT(wrong("{ type = 'set', fields = { a = 1 } },"), HasSubstr("fields.a: is an integer (write a string"));
    EXPECT_THAT(wrong("{ type = 'redact', pattern = 'a', fields = { a = 'b' } },"),
                HasSubstr("is a table (write a list"));
    EXPECT_THAT(wrong("{ type = 'sample', rate = 1, name = 'a' }, { type = 'sample', rate = 1, name = 'a' },"),
                HasSubstr("processors[1].name: \"a\" is the name of another processor"));
    EXPECT_THAT(wrong("{ type = 'sample', rate = 1, name = 'a b' },"), HasSubstr("processors[0].name: "));
}

TEST(Processors, OneMistakeInFieldsIsToldOnce) {
    EXPECT_EQ(wrong("{ type = 'set', fields = { a = 3 } },"),
              "pipelines[0].processors[0].fields.a: is an integer (write a string in quotes)");
    for (const auto* type : {"set", "rename", "convert"}) {
        const std::string text = type;
        EXPECT_EQ(complaints(with("{ type = '" + text + "', fields = { a = 3 } },")).size(), 1U) << type;
        EXPECT_EQ(complaints(with("{ type = '" + text + "', fields = ['a'] },")).size(), 1U) << type;
        EXPECT_EQ(complaints(with("{ type = '" + text + "', fields = {} },")).size(), 1U) << type;
    }
    EXPECT_EQ(complaints(with("{ type = 'remove', fields = [3] },")).size(), 1U);
    EXPECT_EQ(complaints(with("{ type = 'set', fields = { a = 3, b = '{hst}' } },")).size(), 2U);
}

TEST(Processors, AllThatIsWrongIsToldAtOnce) {
    const auto config = parse(
        with("{ type = 'filter', exclude = ['(', '['], where = 'x ==' }, { type = 'set', fields = { a = '{x}' } },"));
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().size(), 4U);
}

TEST(Encodings, OfFieldsAndTemplates) {
    const auto with_sink = [](const std::string& keys) {
        return "[[pipelines]]\nname = 'p'\nsource.include = ['/x/*']\nsink = { type = 'console', " + keys + " }\n";
    };
    EXPECT_EQ(parse(with_sink("encoding = 'fields'"))->pipelines[0].sink.encoding, Encoding::fields);
    const auto sink = parse(with_sink("encoding = 'template', template = '{line} {fields.a}'"))->pipelines[0].sink;
    EXPECT_EQ(sink.encoding, Encoding::text);
    EXPECT_EQ(sink.text, "{line} {fields.a}");
    EXPECT_THAT(complaint(with_sink("encoding = 'template'")), HasSubstr("sink.template: is missing"));
    EXPECT_THAT(complaint(with_sink("template = 'x'")), HasSubstr("sink.template: is not used"));
    EXPECT_THAT(complaint(with_sink("encoding = 'template', template = '{lien}'")), HasSubstr("did you mean {line}?"));
}

}  // namespace
}  // namespace config
