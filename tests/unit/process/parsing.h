// One processor, one record, and what it looks like afterwards.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "common/process/parse.h"
#include "tests/unit/process/show.h"

namespace process {

struct Parsing : testing::Test {
    // The fields of a record that had none.
    std::string parse(const ParseOptions& options, std::string_view line) {
        auto made = make_parse(options);
        EXPECT_TRUE(made.has_value());
        kept = line;
        record.begin(kept, 0, origin, {});
        verdict = (*made)->process(record);
        return show(record.fields());
    }

    static std::string errors(const ParseOptions& options) {
        const auto made = make_parse(options);
        std::string out;
        if (made) return "none";
        for (const auto& error : made.error()) out += error.key + ": " + error.message + "\n";
        return out;
    }

    // Whatever is cut off `line`, what is left parses or leaves nothing but the reason why not.
    void expect_survives_truncation(const ParseOptions& options, std::string_view line) {
        auto made = make_parse(options);
        ASSERT_TRUE(made.has_value());
        for (std::size_t size = 0; size <= line.size(); ++size) {
            const auto exact = std::make_unique<char[]>(size);  // so that a sanitizer sees what is read behind it
            line.copy(exact.get(), size);
            record.begin({exact.get(), size}, 0, origin, {});
            record.put("before") = Value::of_text("x");
            EXPECT_EQ((*made)->process(record), Verdict::keep);
            EXPECT_TRUE(!record.find("parse_error") || record.fields().size() == 2) << line.substr(0, size);
            EXPECT_TRUE(record.find("before"));
        }
    }

    Origin origin;
    std::string kept;  // of the record's line
    Record record;
    Verdict verdict = Verdict::keep;
};

}  // namespace process
