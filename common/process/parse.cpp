#include "common/process/parse.h"

#include <optional>
#include <utility>

#include "common/process/members.h"
#include "common/process/names.h"
#include "common/process/parse_access_log.h"
#include "common/process/parse_csv.h"
#include "common/process/parse_json.h"
#include "common/process/parse_logfmt.h"
#include "common/process/parse_regex.h"
#include "common/process/parse_syslog.h"
#include "common/process/parser.h"

namespace process {

namespace {

class Parse final : public Processor {
 public:
    Parse(const ParseOptions& options, std::unique_ptr<Parser> parser)
        : field_(options.field), into_(options.into), on_error_(options.on_error), parser_(std::move(parser)) {}

    Verdict process(Record& record) override {
        auto fresh = record.make_table();
        if (const auto parsed = parse(record, *fresh.table); !parsed) {
            if (on_error_ == OnError::drop) return Verdict::drop;
            record.set_parse_error(parsed.error());
            return Verdict::keep;
        }
        merge(*fresh.table, target(record));
        return Verdict::keep;
    }

    std::string_view drop_reason() const override { return on_error_ == OnError::drop ? "parse_error" : ""; }

 private:
    Parsed parse(Record& record, Value::Table& into) {
        if (field_.empty()) return parser_->parse(record.line(), record, into);
        const auto* field = record.find(field_);
        if (!field) return std::unexpected("no such field");
        if (field->kind != Value::Kind::text) return std::unexpected("the field is not a text");
        return parser_->parse(field->text, record, into);
    }

    Value::Table& target(Record& record) const {
        if (into_.empty()) return record.fields();
        auto& value = record.put(into_);
        if (value.kind != Value::Kind::table) value = record.make_table();
        return *value.table;
    }

    std::string field_;
    std::string into_;
    OnError on_error_;
    std::unique_ptr<Parser> parser_;
};

// null where the options of the format are wrong, with errors.
std::unique_ptr<Parser> make_parser(const ParseOptions& options, std::vector<OptionError>& errors) {
    switch (options.format) {
        case Format::json:
            return make_json_parser();
        case Format::regex:
            return make_regex_parser(options.pattern, errors);
        case Format::logfmt:
            return make_logfmt_parser();
        case Format::csv:
            return make_csv_parser(options.columns, errors);
        case Format::nginx:
            return make_nginx_parser();
        case Format::apache:
            return make_apache_parser();
        case Format::syslog:
            return make_syslog_parser();
    }
    std::unreachable();
}

}  // namespace

Made make_parse(const ParseOptions& options) {
    std::vector<OptionError> errors;
    auto parser = make_parser(options, errors);
    if (options.format != Format::regex && !options.pattern.empty())
        errors.push_back({.key = "pattern", .message = "belongs to format = \"regex\" only"});
    if (options.format != Format::csv && !options.columns.empty())
        errors.push_back({.key = "columns", .message = "belongs to format = \"csv\" only"});
    if (!options.field.empty()) check_name(options.field, "field", errors);
    if (!options.into.empty()) check_name(options.into, "into", errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Parse>(options, std::move(parser));
}

}  // namespace process
