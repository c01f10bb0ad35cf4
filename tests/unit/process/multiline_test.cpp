#include "common/process/multiline.h"

#include <gmock/gmock.h>

namespace process {
namespace {

using testing::ElementsAre;

// The records of a text, each with its lines.
std::vector<std::string> records_of(const MultilineOptions& options, std::string_view text) {
    const auto multiline = Multiline::make(options);
    EXPECT_TRUE(multiline);
    std::vector<std::string> records;
    auto state = RecordState::closed;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        const auto line = text.substr(at, end - at);
        if (!records.empty() && multiline->goes_on(state, line)) {
            records.back() += "\n" + std::string(line);
        } else {
            records.emplace_back(line);
            state = multiline->begin(line);
        }
        at = end + 1;
    }
    return records;
}

// `text` is made of records between lines of their own, "----".
void expect_records(const MultilineOptions& options, std::string_view text) {
    constexpr std::string_view kMark = "----\n";
    std::string lines;
    std::vector<std::string> records;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(kMark, at), text.size());
        lines += text.substr(at, end - at);
        records.emplace_back(text.substr(at, end - at - 1));  // without its last line ending
        at = end + kMark.size();
    }
    EXPECT_EQ(records_of(options, lines), records);
}

TEST(Multiline, AStartBeginsARecord) {
    EXPECT_THAT(records_of({.start = R"(^\d{4}-)"}, "tail of before\n2026- a\nb\n\n2026- c\n2026- d\n"),
                ElementsAre("tail of before", "2026- a\nb\n", "2026- c", "2026- d"));
}

TEST(Multiline, AContinuationBelongsToTheRecordBeforeIt) {
    EXPECT_THAT(records_of({.goes_on = R"(^\s|\+$)"}, "a\n b\nc\nd+\n"), ElementsAre("a\n b", "c\nd+"));
}

TEST(Multiline, AnEndEndsItsRecord) {
    EXPECT_THAT(records_of({.end = ";$"}, "select\n1;\nselect 2;\nselect\n"),
                ElementsAre("select\n1;", "select 2;", "select"));
}

// As log4j 2.20 (%d %p %c - %m%n) writes it.
TEST(Multiline, JavaTracesOfLog4j) {
    expect_records({.preset = StackTraces::java}, R"text(2026-11-28 17:04:01,113 INFO  com.example.App - started
----
2026-11-28 17:04:02,204 ERROR com.example.OrderService - order 17 failed
java.lang.IllegalStateException: cannot book order 17
	at com.example.OrderService.book(OrderService.java:41) ~[app.jar:?]
	at com.example.OrderService.lambda$run$0(OrderService.java:29) ~[app.jar:?]
	at java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136) [?:?]
	Suppressed: java.io.IOException: cannot close
		at com.example.Connection.close(Connection.java:77) ~[app.jar:?]
Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available
	at com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696) ~[HikariCP-5.0.1.jar:?]
	... 3 more
Caused by: com.example.db.DeadlockError
	... 12 common frames omitted
----
2026-11-28 17:04:02,205 WARN  com.example.Error - not a trace: java.lang.Error
----
2026-11-28 17:04:03,000 INFO  com.example.App - done
)text");
}

// As logback (%d{HH:mm:ss.SSS} [%thread] %-5level %logger{36} - %msg%n) writes it.
TEST(Multiline, JavaTracesOfLogback) {
    expect_records({.preset = StackTraces::java}, R"text(17:04:01.113 [main] DEBUG c.e.App - hello
----
17:04:01.114 [main] ERROR c.e.App - oops
java.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null
	at com.example.App.main(App.java:12)
	at java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
Wrapped by: java.lang.reflect.InvocationTargetException: null
	... 2 common frames omitted
----
Exception in thread "main" java.lang.StackOverflowError
	at com.example.App.loop(App.java:30)
----
17:04:02.000 [main] INFO  c.e.App - java.util.List is no exception
)text");
}

TEST(Multiline, PythonTracebacks) {
    expect_records({.preset = StackTraces::python}, R"text(INFO:root:started
----
ERROR:root:cannot read
Traceback (most recent call last):
  File "/srv/app.py", line 4, in read
    return open(path)
           ^^^^^^^^^^
FileNotFoundError: [Errno 2] No such file or directory: '/x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app.py", line 9, in <module>
    read("/x")
ValueError: no path
----
INFO:root:goes on
----
ERROR:root:again
Traceback (most recent call last):
  File "/srv/app.py", line 12, in <module>
    raise A from b
app.errors.A: a

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app.py", line 14, in <module>
    f()
KeyboardInterrupt
----
WARNING:root:done
)text");
}

// As go1.22 writes it.
TEST(Multiline, GoPanics) {
    expect_records({.preset = StackTraces::go}, R"text(2026/11/28 17:04:01 listening on :8080
----
panic: runtime error: invalid memory address or nil pointer dereference [recovered]
	panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a1d2e]

goroutine 1 [running]:
main.(*Server).handle(0x0, {0xc0000b2000, 0x5})
	/src/main.go:17 +0x2e
net/http.HandlerFunc.ServeHTTP(...)
	/usr/lib/go/src/net/http/server.go:2166
main.main()
	/src/main.go:9 +0x1d
created by net/http.(*Server).Serve in goroutine 1
	/usr/lib/go/src/net/http/server.go:3285 +0x4b4
exit status 2
----
2026/11/28 17:04:02 listening on :8080
----
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/src/main.go:6 +0x25
----
2026/11/28 17:04:03 listening (again)
)text");
}

TEST(Multiline, DotnetTraces) {
    expect_records({.preset = StackTraces::dotnet}, R"text(info: Program[0] started
----
fail: Microsoft.AspNetCore.Server.Kestrel[13]
      Connection id "0HMV", Request id "0HMV:1": An unhandled exception was thrown.
      System.InvalidOperationException: no such order
       ---> System.ArgumentNullException: Value cannot be null. (Parameter 'key')
         at Shop.Orders.Find(String key) in /src/Orders.cs:line 12
         --- End of inner exception stack trace ---
         at Shop.Program.Main(String[] args) in /src/Program.cs:line 7
----
Unhandled exception. System.Exception: boom
 ---> System.IO.IOException: disk
   at Shop.Disk.Write() in /src/Disk.cs:line 3
   --- End of inner exception stack trace ---
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 7
----
info: Program[0] stopped
)text");
}

TEST(Multiline, WhatIsWrongIsToldUnderItsKey) {
    const auto errors_of = [](const MultilineOptions& options) {
        const auto made = Multiline::make(options);
        std::string out;
        if (made) return std::string("none");
        for (const auto& [key, message] : made.error()) out += key + ": " + message + "\n";
        return out;
    };
    EXPECT_EQ(errors_of({}), ": joins nothing (write preset = \"java\", or one of: start, continue, end)\n");
    EXPECT_EQ(errors_of({.start = "("}), "start: \"(\" is no pattern: missing ): (\n");
    EXPECT_EQ(errors_of({.goes_on = "[", .preset = StackTraces::go}),
              "preset: stands beside continue (leave one of them out)\ncontinue: \"[\" is no pattern: missing ]: [\n");
}

}  // namespace
}  // namespace process
