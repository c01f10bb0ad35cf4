#include "common/process/set.h"

#include <utility>

#include <fmt/format.h>

#include "common/process/template.h"

namespace process {

namespace {

class Set : public Processor {
 public:
    Verdict process(Record& record) override {
        values_.clear();
        for (const auto& [name, text] : fields) {
            text_.clear();
            text.append(text_, record);
            values_.push_back(record.keep(text_));
        }
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (fields[i].first == "line")
                record.set_line(values_[i]);
            else
                record.put(fields[i].first) = Value::of_text(values_[i]);
        }
        return Verdict::keep;
    }

    std::vector<std::pair<std::string, Template>> fields;

 private:
    std::string text_;
    std::vector<std::string_view> values_;
};

}  // namespace

Made make_set(const SetOptions& options, const Labels& labels) {
    auto set = std::make_unique<Set>();
    std::vector<OptionError> wrong;
    for (const auto& [name, text] : options.fields) {
        auto parsed = Template::parse(text, labels, Template::Scope::record);
        if (parsed)
            set->fields.emplace_back(name, std::move(*parsed));
        else
            wrong.push_back({"fields." + name, parsed.error().message});
    }
    if (options.fields.empty()) wrong.push_back({"fields", "sets nothing (write fields = { name = \"…\" })"});
    if (!wrong.empty()) return std::unexpected(std::move(wrong));
    return set;
}

}  // namespace process
