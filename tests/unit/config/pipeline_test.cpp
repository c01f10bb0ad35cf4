#include <gmock/gmock.h>

#include "tests/unit/config/complaints.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kCluster =
    "agent.name = 'web-01'\nagent.labels = { app = 'player', odd = 'a b' }\n"
    "clusters.main.brokers = ['a:1']\n";

std::string sink(std::string_view lines) {
    return std::string(kCluster) + "[[pipelines]]\nname = 'p'\nsource.include = ['/x/*']\n[pipelines.sink]\n" +
           std::string(lines);
}

std::string kafka(std::string_view lines) {
    return sink("type = 'kafka'\ncluster = 'main'\n" + std::string(lines));
}

std::string source(std::string_view lines) {
    return "[[pipelines]]\nname = 'p'\nsink.type = 'blackhole'\n[pipelines.source]\n" + std::string(lines);
}

PipelineConfig first(std::string_view toml) {
    const auto config = parse(toml);
    return config ? config->pipelines.at(0) : PipelineConfig{.name = complaint(toml)};
}

TEST(Pipeline, WithOnlyWhatItNeedsHasDefaultsForTheRest) {
    EXPECT_EQ(first(kafka("topic = 'raw'")),
              (PipelineConfig{.name = "p",
                              .enabled = true,
                              .source = {.include = {"/x/*"}},
                              .sink = {.type = SinkType::kafka, .cluster = "main", .topic = "raw"}}));
}

TEST(Pipeline, EverySettingOfItsSourceIsRead) {
    EXPECT_EQ(first(source("type='file'\ninclude=['/a','/b']\nexclude=['*.gz','/a/x/**']\nstart_at='end'\n"
                           "read_rotated=true\n"
                           "max_line_bytes='64KiB'\nlong_line='truncate'"))
                  .source,
              (FileSourceConfig{.include = {"/a", "/b"},
                                .exclude = {"*.gz", "/a/x/**"},
                                .start_at = StartAt::end,
                                .read_rotated = true,
                                .max_line_bytes = 64ULL << 10,
                                .long_line = LongLine::truncate}));
    EXPECT_EQ(first(source("include=['/a']\nlong_line='skip'")).source.long_line, LongLine::skip);
}

TEST(Pipeline, ItsFilesMayHaveAnotherEncoding) {
    const auto encoding = [](std::string_view name) {
        return first(source("include=['/a']\nencoding='" + std::string(name) + "'")).source.encoding;
    };
    EXPECT_EQ(encoding("utf-8"), TextEncoding::utf8);
    EXPECT_EQ(encoding("gbk"), TextEncoding::gbk);
    EXPECT_EQ(encoding("gb18030"), TextEncoding::gb18030);
    EXPECT_EQ(encoding("utf-16le"), TextEncoding::utf16le);
    EXPECT_EQ(encoding("utf-16be"), TextEncoding::utf16be);
    EXPECT_EQ(encoding("latin1"), TextEncoding::latin1);
    EXPECT_EQ(encoding("auto"), TextEncoding::by_bom);
    EXPECT_EQ(first(source("include=['/a']\ninvalid_bytes='replace'")).source.invalid_bytes, InvalidBytes::replace);
    EXPECT_THAT(complaint(source("include=['/a']\nencoding='gb2312'")), HasSubstr("gb18030"));
}

TEST(Pipeline, OfContainersKnowsWhereTheirLogsAre) {
    const auto config = first(source("type='container'\nwhere='kubernetes.namespace == \"shop\"'")).source;
    EXPECT_EQ(config.type, SourceType::container);
    EXPECT_EQ(config.where, "kubernetes.namespace == \"shop\"");
    EXPECT_THAT(config.include, testing::Contains("/var/lib/docker/containers/*/*-json.log*"));
    EXPECT_THAT(config.exclude, testing::Contains("*.gz"));
    EXPECT_THAT(first(source("type='container'\ninclude=['/a']")).source.include, ElementsAre("/a"));
    EXPECT_THAT(complaint(source("type='container'\nwhere='a ='")), HasSubstr("pipelines[0].source.where: "));
    EXPECT_THAT(complaint(source("type='container'\nwhere='kubernetes.namespce != \"x\"'")),
                HasSubstr("is not known of a container (did you mean \"kubernetes.namespace\"?"));
    for (const auto* name : {"kubernetes", "stream", "labels.app", "line", "host"})
        EXPECT_THAT(complaint(source("type='container'\nwhere='exists(" + std::string(name) + ")'")),
                    HasSubstr("is not known of a container"));
    EXPECT_EQ(complaint(source("type='container'\nwhere='container.labels.a_b == \"x\" and path =~ \"a\"'")), "ok");
    EXPECT_THAT(complaint(source("type='containers'\nwhere='path == \"a\"'")),
                testing::Not(testing::AnyOf(HasSubstr("include"), HasSubstr("where"))));
    EXPECT_THAT(complaint(source("include=['/a']\nwhere='a == 1'")), HasSubstr("is for type = \"container\""));
    EXPECT_THAT(complaint(source("type='container'\nencoding='gbk'\ninvalid_bytes='replace'")),
                testing::AllOf(HasSubstr("source.encoding: is not for containers"),
                               HasSubstr("source.invalid_bytes: is not for containers")));
}

TEST(Pipeline, EverySettingOfItsKafkaSinkIsRead) {
    EXPECT_EQ(
        first(kafka("topic='raw-{labels.app}'\npartition='key'\nkey='{path}'\nencoding='json'\nheaders=['host']")).sink,
        (SinkConfig{.type = SinkType::kafka,
                    .cluster = "main",
                    .topic = "raw-{labels.app}",
                    .partition = Partition::key,
                    .key = "{path}",
                    .encoding = Encoding::json,
                    .headers = {Header::host}}));
    EXPECT_EQ(first(kafka("topic='t'\npartition='sticky'")).sink.partition, Partition::sticky);
}

TEST(Pipeline, EachTypeOfSinkIsRead) {
    EXPECT_EQ(first(sink("type='file'\npath='/out/{path.name}'")).sink,
              (SinkConfig{.type = SinkType::file, .path = "/out/{path.name}"}));
    EXPECT_EQ(first(sink("type='console'")).sink.type, SinkType::console);
    EXPECT_EQ(first(sink("type='blackhole'")).sink.type, SinkType::blackhole);
}

TEST(Pipeline, MayBeDisabled) {
    EXPECT_FALSE(first("[[pipelines]]\nname='p'\nenabled=false\nsource.include=['/a']\nsink.type='console'").enabled);
}

TEST(Pipeline, NeedsANameASourceAndASink) {
    EXPECT_EQ(complaint("[[pipelines]]"),
              "pipelines[0].name: is missing (write name = \"nginx\")\n"
              "pipelines[0].sink: is missing (add [pipelines.sink] with a type)\n"
              "pipelines[0].source: is missing (add [pipelines.source] with include)");
}

TEST(Pipeline, NamesAreWordsOfLimitedLengthAndTheirOwn) {
    const auto named = [](const std::string& name) {
        return "[[pipelines]]\nname='" + name + "'\nsource.include=['/a']\nsink.type='console'\n";
    };
    EXPECT_EQ(complaint(named("a-Z_0.9") + named("b")), "ok");
    EXPECT_EQ(complaint(named("")), "pipelines[0].name: is empty (use letters, digits, . _ -)");
    EXPECT_EQ(complaint(named("a/b")), "pipelines[0].name: \"a/b\" is not a name (use letters, digits, . _ -)");
    EXPECT_EQ(complaint(named(std::string(129, 'a'))), "pipelines[0].name: is 129 bytes long (at most 128)");
    EXPECT_EQ(complaint(named(std::string(128, 'a'))), "ok");
    EXPECT_EQ(complaint(named("a") + named("a")),
              "pipelines[1].name: \"a\" is the name of the pipeline in line 2 already (choose another)");
}

TEST(Source, NeedsAbsoluteAndWellFormedGlobs) {
    EXPECT_THAT(complaint(source("")), HasSubstr("pipelines[0].source.include: is missing"));
    EXPECT_THAT(complaint(source("include = []")), HasSubstr("pipelines[0].source.include: is missing"));
    EXPECT_THAT(complaint(source("include = ['*.log']")), HasSubstr("not an absolute path"));
    EXPECT_THAT(complaint(source("include = ['/a[']")), HasSubstr("has a [ without its ]"));
    EXPECT_THAT(complaint(source("include = ['/a[]b']")), HasSubstr("has a [ without its ]"));
    EXPECT_THAT(complaint(source("include = ['/a\\']")), HasSubstr("ends in a backslash"));
    EXPECT_EQ(complaint(source("include = ['/a[]b]', '/a[!]]', '/a\\[', '/**/x']")), "ok");
    EXPECT_THAT(complaint(source("include = ['/a']\nexclude = ['b/*.gz']")), HasSubstr("begin it with / or **/"));
    EXPECT_THAT(complaint(source("include = ['/a']\nexclude = ['']")), HasSubstr("exclude[0]: is empty"));
    EXPECT_EQ(complaint(source("include = ['/a']\nexclude = ['**/b/*.gz', '*.gz']")), "ok");
}

TEST(Source, TheLongestLineHasBoundsAndFitsTheBudgetFourTimes) {
    EXPECT_THAT(complaint(source("include=['/a']\nmax_line_bytes='1023B'")), HasSubstr("from 1KiB to 64MiB"));
    EXPECT_THAT(complaint(source("include=['/a']\nmax_line_bytes='65MiB'")), HasSubstr("from 1KiB to 64MiB"));
    EXPECT_THAT(complaint(source("include=['/a']\nmax_line_bytes='64MiB'")),
                HasSubstr("\"64MiB\" is more than a quarter of agent.memory_limit (at most 32.0 MiB)"));
    EXPECT_EQ(complaint("agent.memory_limit='256MiB'\n" + source("include=['/a']\nmax_line_bytes='64MiB'")), "ok");
}

TEST(Sink, NeedsAType) {
    EXPECT_THAT(complaint(sink("")),
                HasSubstr("sink.type: is missing (write one of: kafka, file, console, blackhole)"));
    EXPECT_THAT(complaint(sink("type = 'kafak'")), HasSubstr("\"kafak\" is not known (did you mean \"kafka\"?)"));
}

TEST(KafkaSink, NeedsAClusterThatExistsAndATopic) {
    EXPECT_EQ(complaint(sink("type='kafka'")),
              "pipelines[0].sink.cluster: is missing (write a name out of [clusters])\n"
              "pipelines[0].sink.topic: is missing (write topic = \"raw-nginx\")");
    EXPECT_THAT(complaint(sink("type='kafka'\ncluster='mani'\ntopic='t'")), HasSubstr("did you mean \"main\"?"));
    EXPECT_THAT(
        complaint(
            "[[pipelines]]\nname='p'\nsource.include=['/a']\nsink.type='kafka'\nsink.cluster='m'\nsink.topic='t'"),
        HasSubstr("no cluster is named \"m\" (add [clusters.m] with brokers)"));
}

TEST(KafkaSink, AClusterThatIsItselfBrokenIsNotCalledUnknown) {
    EXPECT_EQ(complaint("clusters.m = 1\n[[pipelines]]\nname='p'\nsource.include=['/a']\n"
                        "sink.type='kafka'\nsink.cluster='m'\nsink.topic='t'"),
              "clusters.m: is an integer (write a table: [clusters.m])");
}

TEST(KafkaSink, TheTopicIsOneThatKafkaAllows) {
    EXPECT_THAT(complaint(kafka("topic='raw nginx'")),
                HasSubstr("makes the topic \"raw nginx\", which Kafka does not allow"));
    EXPECT_THAT(complaint(kafka("topic='raw-{labels.odd}'")), HasSubstr("makes the topic \"raw-a b\""));
    EXPECT_THAT(complaint(kafka("topic='{path}'")), HasSubstr("which Kafka does not allow"));
    EXPECT_THAT(complaint(kafka("topic='..'")), HasSubstr("which Kafka does not allow"));
    EXPECT_THAT(complaint(kafka("topic='" + std::string(250, 'a') + "'")), HasSubstr("250 bytes"));
    EXPECT_EQ(complaint(kafka("topic='raw.{labels.app}-{host}_{path.stem}'")), "ok");
}

TEST(KafkaSink, TemplatesAreChecked) {
    EXPECT_THAT(complaint(kafka("topic='{labels.ap}'")),
                HasSubstr("sink.topic: agent.labels has no \"ap\" (did you mean {labels.app}?)"));
    EXPECT_THAT(complaint(kafka("topic='a{'")), HasSubstr("no closing brace"));
    EXPECT_THAT(complaint(kafka("topic='t'\npartition='key'\nkey='{nme}'")),
                HasSubstr("sink.key: unknown name \"nme\""));
}

TEST(KafkaSink, ATopicOutOfFieldsNeedsAFallback) {
    const auto sink = first(kafka("topic='t-{fields.level}'\nfallback_topic='odd'")).sink;
    EXPECT_EQ(sink.topic, "t-{fields.level}");
    EXPECT_EQ(sink.fallback_topic, "odd");
    for (const std::string none : {"", "\nfallback_topic=''"})
        EXPECT_EQ(complaint(kafka("topic='t-{fields.level}'" + none)),
                  "pipelines[0].sink.fallback_topic: is missing (topic names fields, which not every record may have: "
                  "fallback_topic = \"unrouted\")");
    EXPECT_THAT(complaint(kafka("topic='{line}'")), HasSubstr("fallback_topic: is missing"));
    EXPECT_THAT(complaint(kafka("topic='t'\nfallback_topic='odd'")), HasSubstr("sink.fallback_topic: is not used"));
    EXPECT_THAT(complaint(kafka("topic='{fields.a}'\nfallback_topic='o d'")),
                HasSubstr("sink.fallback_topic: makes the topic \"o d\", which Kafka does not allow"));
    EXPECT_THAT(complaint(kafka("topic='a b-{fields.a}'\nfallback_topic='odd'")),
                HasSubstr("sink.topic: makes the topic \"a b-x\", which Kafka does not allow"));
    EXPECT_THAT(complaint(kafka("topic='{fields.a}'\nfallback_topic='odd'\n"
                                "on_reject='dead_letter'\ndead_letter_topic='odd'")),
                HasSubstr("sink.dead_letter_topic: is the fallback topic"));
    EXPECT_THAT(complaint(kafka("topic='{feilds.a}'\nfallback_topic='odd'")), HasSubstr("unknown name \"feilds.a\""));
}

TEST(KafkaSink, AKeyMayNameFields) {
    EXPECT_EQ(first(kafka("topic='t'\npartition='key'\nkey='{fields.user}{line}'")).sink.key, "{fields.user}{line}");
}

TEST(KafkaSink, HeadersMayBeTemplates) {
    const auto with_both =
        first(kafka("topic='t'\nheaders=['host']\nheader_templates={level='{fields.level}',app='{labels.app}'}")).sink;
    EXPECT_THAT(with_both.header_templates, testing::UnorderedElementsAre(testing::Pair("level", "{fields.level}"),
                                                                          testing::Pair("app", "{labels.app}")));
    EXPECT_THAT(complaint(kafka("topic='t'\nheader_templates={a='{labels.ap}'}")),
                HasSubstr("sink.header_templates.a: agent.labels has no \"ap\" (did you mean {labels.app}?)"));
    EXPECT_THAT(complaint(kafka("topic='t'\nheader_templates={''='x'}")), HasSubstr("is no name of a header"));
    EXPECT_THAT(complaint(kafka("topic='t'\nheader_templates={a=''}")), HasSubstr("header_templates.a: is empty"));
    EXPECT_THAT(complaint(kafka("topic='t'\nheader_templates={a=1}")), HasSubstr("is an integer (write a string"));
    EXPECT_THAT(complaint(kafka("topic='t'\nheaders=['ledger']\nheader_templates={offset='{line}'}")),
                HasSubstr("header_templates.offset: is among headers already"));
    std::string many;
    for (int i = 0; i < 17; ++i) many += (i > 0 ? ",h" : "h") + std::to_string(i) + "='x'";
    EXPECT_THAT(complaint(kafka("topic='t'\nheader_templates={" + many + "}")),
                HasSubstr("has 17 headers (at most 16)"));
    EXPECT_THAT(complaint(sink("type='file'\npath='/o'\nheader_templates={a='x'}")),
                HasSubstr("does not apply to a sink of type"));
}

TEST(KafkaSink, AKeyAndItsPartitionerGoTogether) {
    EXPECT_THAT(complaint(kafka("topic='t'\non_reject='dead_letter'")),
                HasSubstr("sink.dead_letter_topic: is missing (on_reject = \"dead_letter\" needs it"));
    EXPECT_THAT(complaint(kafka("topic='t'\non_reject='dead_letter'\ndead_letter_topic='t'")),
                HasSubstr("sink.dead_letter_topic: is the topic that rejects them"));
    EXPECT_THAT(complaint(kafka("topic='t'\ndead_letter_topic='d'")), HasSubstr("sink.dead_letter_topic: is not used"));
    EXPECT_EQ(complaint(kafka("topic='t'\non_reject='dead_letter'\ndead_letter_topic='d'")), "ok");
    EXPECT_THAT(complaint(kafka("topic='t'\npartition='key'")),
                HasSubstr("sink.key: is missing (partition = \"key\" needs it"));
    EXPECT_THAT(complaint(kafka("topic='t'\nkey='{path}'")), HasSubstr("sink.key: is not used"));
    EXPECT_EQ(complaint(kafka("topic='t'\nkey=''")), "ok");
}

TEST(KafkaSink, LedgerIsSpeltOutAndDuplicatesAreRemoved) {
    using enum Header;
    EXPECT_THAT(first(kafka("topic='t'\nheaders=['path','ledger','path','end','time']")).sink.headers,
                ElementsAre(path, file_id, offset, end, session, time));
    EXPECT_THAT(first(kafka("topic='t'\nheaders=['host','path','pipeline','file_id','offset','end','session','time']"))
                    .sink.headers,
                ElementsAre(host, path, pipeline, file_id, offset, end, session, time));
    EXPECT_THAT(complaint(kafka("topic='t'\nheaders=['host','pipelin']")),
                HasSubstr("headers[1]: \"pipelin\" is not known (did you mean \"pipeline\"?)"));
}

TEST(FileSink, NeedsAnAbsolutePathOfAFile) {
    EXPECT_THAT(complaint(sink("type='file'")), HasSubstr("sink.path: is missing"));
    EXPECT_THAT(complaint(sink("type='file'\npath='out/{host}'")), HasSubstr("\"out/{host}\" is not an absolute path"));
    EXPECT_THAT(complaint(sink("type='file'\npath='/out/'")), HasSubstr("is a folder"));
    EXPECT_EQ(complaint(sink("type='file'\npath='/out{path}'")), "ok");
}

TEST(Sink, KeysOfAnotherTypeAreErrors) {
    EXPECT_EQ(
        complaint(sink("type='file'\npath='/o'\ntopic='t'")),
        "pipelines[0].sink.topic: does not apply to a sink of type \"file\" (leave it out, or write type = \"kafka\")");
    EXPECT_THAT(complaint(kafka("topic='t'\npath='/o'")),
                HasSubstr("sink.path: does not apply to a sink of type \"kafka\""));
    EXPECT_THAT(complaint(sink("type='console'\nheaders=['host']")), HasSubstr("sink.headers: does not apply"));
    EXPECT_THAT(complaint(sink("type='console'\npartition='sticky'")), HasSubstr("sink.partition: does not apply"));
    EXPECT_EQ(complaint(sink("type='console'\npartition='file'\nkey=''\nheaders=[]")), "ok");
}

TEST(Multiline, IsReadWithItsLimits) {
    const auto with = [](const std::string& multiline) { return source("include=['/a']\nmultiline = " + multiline); };
    EXPECT_EQ(parse(with("{ start = '^x', timeout = '5s', max_lines = 7, max_record_bytes = '2KiB' }"))
                  ->pipelines[0]
                  .source.multiline,
              (process::MultilineOptions{
                  .start = "^x", .timeout = std::chrono::seconds(5), .lines_max = 7, .record_bytes_max = 2048}));
    EXPECT_EQ(parse(with("{ preset = 'dotnet' }"))->pipelines[0].source.multiline->preset,
              process::StackTraces::dotnet);
    EXPECT_EQ(parse(with("{ continue = ' ' }"))->pipelines[0].source.multiline->goes_on, " ");
    EXPECT_EQ(parse(with("{ end = ';' }"))->pipelines[0].source.multiline->end, ";");
    EXPECT_EQ(parse(source("include=['/a']"))->pipelines[0].source.multiline, std::nullopt);
    EXPECT_THAT(complaint(with("{ preset = 'jaba' }")), HasSubstr("did you mean \"java\"?"));
    EXPECT_THAT(complaint(with("{ strat = 'x' }")), HasSubstr("did you mean \"start\"?"));
    EXPECT_THAT(complaint(with("{ timeout = '1s' }")), HasSubstr("multiline: joins nothing"));
    EXPECT_THAT(complaint(with("{ start = '(' }")), HasSubstr("multiline.start: \"(\" is no pattern"));
    EXPECT_THAT(complaint(with("{ start = 'x', end = 'y' }")), HasSubstr("multiline.end: stands beside start"));
    EXPECT_THAT(complaint(with("{ start = 'x', max_lines = 1 }")), HasSubstr("from 2 to 100000"));
    EXPECT_THAT(complaint(with("{ start = 'x', max_lines = 2.5 }")), HasSubstr("a whole number"));
    EXPECT_THAT(complaint(with("{ start = 'x', timeout = '2h' }")), HasSubstr("from 10ms to 1h"));
    EXPECT_THAT(complaint(with("{ start = 'x', timeout = '0s' }")), HasSubstr("from 10ms to 1h"));
    EXPECT_THAT(complaint(with("{ start = 'x', max_record_bytes = '1B' }")), HasSubstr("from 1KiB to 64MiB"));
    EXPECT_THAT(complaint(with("{ start = 'x', max_record_bytes = '64MiB' }")), HasSubstr("a quarter"));
}

}  // namespace
}  // namespace config
