#include "common/process/parse_csv.h"

#include <algorithm>
#include <expected>

#include "common/process/names.h"

namespace process {

namespace {

class CsvParser final : public Parser {
 public:
    explicit CsvParser(const std::vector<std::string>& columns) : columns_(columns) {}

    Parsed parse(std::string_view text, Record& record, Value::Table& into) override {
        into.reserve(columns_.size());
        left_ = text.substr(0, text.size() - (text.ends_with('\r') ? 1 : 0));
        for (bool more = true; more;) {
            if (into.size() == columns_.size()) return std::unexpected("more values than columns");
            const auto value = left_.starts_with('"') ? eat_quoted(record) : eat_plain();
            if (!value) return std::unexpected(value.error());
            into.emplace_back(columns_[into.size()], Value::of_text(*value));
            more = !left_.empty();
            if (more) left_.remove_prefix(1);  // a comma
        }
        return {};
    }

 private:
    using Eaten = std::expected<std::string_view, std::string_view>;  // up to the comma or the end

    Eaten eat_plain() {
        const auto value = left_.substr(0, left_.find(','));
        if (value.find('"') != std::string_view::npos) return std::unexpected("a quote in a value without quotes");
        left_.remove_prefix(value.size());
        return value;
    }

    Eaten eat_quoted(Record& record) {
        bool doubled = false;
        std::size_t end = 1;
        for (;; end += 2) {
            end = left_.find('"', end);
            if (end == std::string_view::npos) return std::unexpected("a quoted value without its end");
            if (end + 1 == left_.size() || left_[end + 1] != '"') break;
            doubled = true;
        }
        const auto inside = left_.substr(1, end - 1);
        left_.remove_prefix(end + 1);
        if (!left_.empty() && left_[0] != ',') return std::unexpected("no comma after a quoted value");
        return doubled ? single_quotes(inside, record) : inside;
    }

    std::string_view single_quotes(std::string_view inside, Record& record) {
        unquoted_.clear();
        for (std::size_t i = 0; i < inside.size(); ++i) {
            unquoted_ += inside[i];
            if (inside[i] == '"') ++i;
        }
        return record.keep(unquoted_);
    }

    std::vector<std::string> columns_;
    std::string_view left_;
    std::string unquoted_;
};

}  // namespace

std::unique_ptr<Parser> make_csv_parser(const std::vector<std::string>& columns, std::vector<OptionError>& errors) {
    const auto known = errors.size();
    if (columns.empty())
        errors.push_back({.key = "columns", .message = "is missing (format = \"csv\" needs the names of its columns)"});
    else
        check_names(columns, "columns", errors);
    if (errors.size() != known) return nullptr;
    return std::make_unique<CsvParser>(columns);
}

}  // namespace process
