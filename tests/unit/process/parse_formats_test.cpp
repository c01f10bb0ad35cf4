#include "tests/unit/process/parsing.h"

namespace process {
namespace {

struct ParseRegex : Parsing {
    std::string regex(const std::string& pattern, std::string_view line) {
        return parse({.format = Format::regex, .pattern = pattern}, line);
    }
};

TEST_F(ParseRegex, NamedGroupsBecomeTexts) {
    EXPECT_EQ(regex(R"(^(?P<level>[A-Z]+) (\d+) (?<text>.*)$)", "WARN 17 disk is full"),
              R"({"level":"WARN","text":"disk is full"})");
}

TEST_F(ParseRegex, AGroupThatTookNoPartIsLeftOutAndAnEmptyOneIsNot) {
    EXPECT_EQ(regex("(?P<a>x)?(?P<b>y*)(?P<c>z)", "z"), R"({"b":"","c":"z"})");
}

TEST_F(ParseRegex, ItIsFoundAnywhere) {
    EXPECT_EQ(regex(R"(took (?P<ms>\d+)ms)", "request took 15ms in all"), R"({"ms":"15"})");
    EXPECT_EQ(regex("(?P<a>x)", "y"), R"({"parse_error":"the pattern does not match"})");
}

TEST_F(ParseRegex, GroupsOfTheOtherSpellingAreKnownOnlyWhereTheyAreGroups) {
    EXPECT_EQ(regex(R"(\(?<(?<a>[^]>(?<]+)>[](?<b]\Q(?<c>\E(?<d>.))",
                    "(<x>("
                    "(?<c>!"),
              R"({"a":"x","d":"!"})");
}

TEST_F(ParseRegex, AlternativesMayHaveGroupsOfTheSameName) {
    EXPECT_EQ(regex("^(?:id=(?P<id>[0-9]+)|<(?P<id>[0-9]+)>)", "id=12"), R"({"id":"12"})");
    EXPECT_EQ(regex("^(?:id=(?P<id>[0-9]+)|<(?P<id>[0-9]+)>)", "<12>"), R"({"id":"12"})");
}

TEST_F(ParseRegex, AWrongPatternIsAnErrorOfTheOptions) {
    EXPECT_EQ(errors({.format = Format::regex}),
              "pattern: is missing (format = \"regex\" needs a pattern with named groups)\n");
    EXPECT_EQ(errors({.format = Format::regex, .pattern = "(a"}), "pattern: \"(a\" does not compile: missing ): (a\n");
    EXPECT_EQ(errors({.format = Format::regex, .pattern = "(a)"}),
              "pattern: \"(a)\" has no named group (a field is made of each (?P<name>...))\n");
    EXPECT_THAT(errors({.format = Format::regex, .pattern = "(?<=a)(?P<b>x)"}), testing::HasSubstr("does not compile"));
}

struct ParseLogfmt : Parsing {
    std::string logfmt(std::string_view line) { return parse({.format = Format::logfmt}, line); }
};

TEST_F(ParseLogfmt, LinesOfGoPrograms) {
    EXPECT_EQ(
        logfmt(
            R"(ts=2026-10-10T13:55:36.123Z level=info caller=main.go:120 msg="order \"A\" taken" took=12.5ms err= dry)"),
        R"({"ts":"2026-10-10T13:55:36.123Z","level":"info","caller":"main.go:120","msg":"order \"A\" taken",)"
        R"("took":"12.5ms","err":"","dry":true})");
    EXPECT_EQ(
        logfmt(R"(at=info method=GET path="/a?b=c" host=x.herokuapp.com fwd="1.2.3.4" url=/a?b=c)"),
        R"({"at":"info","method":"GET","path":"/a?b=c","host":"x.herokuapp.com","fwd":"1.2.3.4","url":"/a?b=c"})");
}

TEST_F(ParseLogfmt, EscapesAreThoseOfJsonAndGo) {
    (void)logfmt(R"(a="\t\n\\\/" b="\u4e2d\ud83d\ude00\U0001F600" c="\x41\q\u12" d="C:\dir" e="\ud800x")");
    EXPECT_EQ(record.find("a")->text, "\t\n\\/");
    EXPECT_EQ(record.find("b")->text, "中😀😀");
    EXPECT_EQ(record.find("c")->text, R"(A\q\u12)");
    EXPECT_EQ(record.find("d")->text, R"(C:\dir)");
    EXPECT_EQ(record.find("e")->text, R"(\ud800x)");
}

TEST_F(ParseLogfmt, TheLastOfTheSameKeyWins) {
    EXPECT_EQ(logfmt("a=1 b=2 a=3"), R"({"a":"3","b":"2"})");
}

TEST_F(ParseLogfmt, ProseAndBrokenPairsAreErrors) {
    EXPECT_EQ(logfmt("connection to db lost"), R"({"parse_error":"no key=value"})");
    EXPECT_EQ(logfmt(""), R"({"parse_error":"no key=value"})");
    EXPECT_EQ(logfmt("a=1 =b"), R"({"parse_error":"a value without a key"})");
    EXPECT_EQ(logfmt(R"(a="x)"), R"({"parse_error":"a quoted value without its end"})");
    EXPECT_EQ(logfmt(R"(a="x\")"), R"({"parse_error":"a quoted value without its end"})");
    EXPECT_EQ(logfmt(R"(a="x"y)"), R"({"parse_error":"no blank after a quoted value"})");
    EXPECT_EQ(logfmt(R"(a"b=1)"), R"({"parse_error":"a quote in a key"})");
}

TEST_F(ParseLogfmt, ATruncatedLineLeavesNothingHalfFilled) {
    expect_survives_truncation({.format = Format::logfmt}, R"(a=1 msg="x \"y\" \u4e2d \ud83d\ude00 \x41" b c="d")");
}

struct ParseCsv : Parsing {
    std::string csv(std::string_view line) {
        return parse({.format = Format::csv, .columns = {"a", "b", "c.d"}}, line);
    }
};

TEST_F(ParseCsv, ValuesGoByTheNamesOfTheirColumns) {
    EXPECT_EQ(csv("1,two,3"), R"({"a":"1","b":"two","c.d":"3"})");
    EXPECT_EQ(csv(",,\r"), R"({"a":"","b":"","c.d":""})");
    EXPECT_EQ(csv(" x ,y"), R"({"a":" x ","b":"y"})");
}

TEST_F(ParseCsv, QuotedValuesHaveCommasQuotesAndLinesInThem) {
    EXPECT_EQ(csv("\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\""),
              R"({"a":"a,b","b":"say \"hi\"","c.d":"two\u000alines"})");
    EXPECT_EQ(csv(R"("","""","")"), R"({"a":"","b":"\"","c.d":""})");
}

TEST_F(ParseCsv, WhatDoesNotFitIsAnError) {
    EXPECT_EQ(csv("1,2,3,4"), R"({"parse_error":"more values than columns"})");
    EXPECT_EQ(csv("1,2,3,"), R"({"parse_error":"more values than columns"})");
    EXPECT_EQ(csv(R"(5" disk,x)"), R"({"parse_error":"a quote in a value without quotes"})");
    EXPECT_EQ(csv(R"("x)"), R"({"parse_error":"a quoted value without its end"})");
    EXPECT_EQ(csv(R"("x""")"), R"({"a":"x\""})");
    EXPECT_EQ(csv(R"("x"y)"), R"({"parse_error":"no comma after a quoted value"})");
}

TEST_F(ParseCsv, WrongColumnsAreErrorsOfTheOptions) {
    EXPECT_EQ(errors({.format = Format::csv}),
              "columns: is missing (format = \"csv\" needs the names of its columns)\n");
    EXPECT_EQ(errors({.format = Format::csv, .columns = {"a", "", "a"}}),
              "columns[1]: is empty (name a field)\ncolumns[2]: \"a\" is there twice\n");
}

TEST_F(ParseCsv, ATruncatedLineLeavesNothingHalfFilled) {
    expect_survives_truncation({.format = Format::csv, .columns = {"a", "b", "c"}}, R"(1,"x ""y"", z",3)");
}

struct ParseSyslog : Parsing {
    std::string syslog(std::string_view line) { return parse({.format = Format::syslog}, line); }
};

constexpr std::string_view kRfc5424 =
    R"(<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 )"
    R"([exampleSDID@32473 iut="3" eventSource="App \"x\" [1\]"][priority@32473 class="high"] An application event)";

TEST_F(ParseSyslog, Rfc5424WithStructuredData) {
    EXPECT_EQ(syslog(kRfc5424), R"({"facility":"local4","severity":"notice","timestamp":"2003-10-11T22:14:15.003Z",)"
                                R"("hostname":"mymachine.example.com","appname":"evntslog","msgid":"ID47",)"
                                R"("structured_data":{"exampleSDID@32473":{"iut":"3","eventSource":"App \"x\" [1]"},)"
                                R"("priority@32473":{"class":"high"}},"message":"An application event"})");
}

TEST_F(ParseSyslog, Rfc5424WithNothingButDashes) {
    EXPECT_EQ(syslog("<0>1 - - - - - -"), R"({"facility":"kern","severity":"emerg"})");
    EXPECT_EQ(syslog("<191>1 - h a 1 - [x] \xEF\xBB\xBFm"),
              R"({"facility":"local7","severity":"debug","hostname":"h","appname":"a","procid":"1",)"
              R"("structured_data":{"x":{}},"message":"m"})");
}

TEST_F(ParseSyslog, Rfc3164) {
    EXPECT_EQ(syslog("<34>Oct 11 22:14:15 mymachine su[812]: 'su root' failed on /dev/pts/8"),
              R"({"facility":"auth","severity":"crit","timestamp":"Oct 11 22:14:15","hostname":"mymachine",)"
              R"("appname":"su","procid":"812","message":"'su root' failed on /dev/pts/8"})");
    EXPECT_EQ(
        syslog("<13>Oct  1 22:14:15 su: hello"),
        R"({"facility":"user","severity":"notice","timestamp":"Oct  1 22:14:15","appname":"su","message":"hello"})");
    EXPECT_EQ(syslog("<13>no time here"), R"({"facility":"user","severity":"notice","message":"no time here"})");
}

TEST_F(ParseSyslog, LinesOfFiles) {
    EXPECT_EQ(syslog("Oct 11 22:14:15 web1 postfix/smtpd[8123]: connect from unknown[1.2.3.4]"),
              R"({"timestamp":"Oct 11 22:14:15","hostname":"web1","appname":"postfix/smtpd","procid":"8123",)"
              R"("message":"connect from unknown[1.2.3.4]"})");
    EXPECT_EQ(syslog("2026-10-11T22:14:15.003123+02:00 web1 kernel: [   12.3] eth0: link up"),
              R"({"timestamp":"2026-10-11T22:14:15.003123+02:00","hostname":"web1","appname":"kernel",)"
              R"("message":"[   12.3] eth0: link up"})");
    EXPECT_EQ(syslog("Oct 11 22:14:15 web1 last message repeated 3 times"),
              R"({"timestamp":"Oct 11 22:14:15","hostname":"web1","message":"last message repeated 3 times"})");
}

TEST_F(ParseSyslog, WhatHasNeitherPriorityNorTimeIsAnError) {
    for (const auto* line :
         {"", "hello", "<192>Oct 11 22:14:15 x y: z", "<>x", "<12", "Foo 11 22:14:15 x", "Oct",
          "<1>1 yesterday h a p m - x", "<1>1 - h a p m [x y] z", "<1>1 - h a p m [x y=\"z] z", "<1>1 - h"}) {
        (void)syslog(line);
        EXPECT_NE(record.find("parse_error"), nullptr) << line;
        EXPECT_EQ(record.fields().size(), 1U) << line;
    }
}

TEST_F(ParseSyslog, ATruncatedLineLeavesNothingHalfFilled) {
    expect_survives_truncation({.format = Format::syslog}, kRfc5424);
    expect_survives_truncation({.format = Format::syslog}, "<34>Oct 11 22:14:15 mymachine su[812]: 'su root' failed");
    expect_survives_truncation({.format = Format::syslog},
                               "2026-10-11T22:14:15.003123+02:00 web1 kernel: [   12.3] eth0");
}

}  // namespace
}  // namespace process
