#include "common/process/sample.h"

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "common/process/template.h"

namespace process {

namespace {

class Sample : public Processor {
 public:
    Sample(const SampleOptions& options, std::string_view name)
        : seed_(XXH3_64bits(name.data(), name.size())),
          rate_(options.rate),
          rate_text_(fmt::format("{}", options.rate)),
          add_rate_(options.add_rate) {}

    Verdict process(Record& record) override {
        // The upper 53 bits, as a share of 1.
        if (std::ldexp(static_cast<double>(hash(record) >> 11), -53) >= rate_) return Verdict::drop;
        if (add_rate_) record.put("sample_rate") = Value::of_number(rate_text_);
        return Verdict::keep;
    }
    std::string_view drop_reason() const override { return "sampled"; }

    std::optional<Template> key;

 private:
    std::uint64_t hash(Record& record) {
        if (key) {
            text_.clear();
            key->append(text_, record);
            return XXH3_64bits(text_.data(), text_.size());
        }
        const auto& file = record.origin().file_id;
        const std::uint64_t offset = record.offset();
        return XXH3_64bits_withSeed(&offset, sizeof(offset), XXH3_64bits_withSeed(file.data(), file.size(), seed_));
    }

    std::uint64_t seed_;
    double rate_;
    std::string rate_text_;
    bool add_rate_;
    std::string text_;
};

}  // namespace

Made make_sample(const SampleOptions& options, std::string_view name, const Labels& labels) {
    std::vector<OptionError> wrong;
    auto sample = std::make_unique<Sample>(options, name);
    const bool is_share = options.rate >= 0 && options.rate <= 1;
    if (!is_share) wrong.push_back({"rate", fmt::format("{} is no share (from 0 to 1)", options.rate)});
    if (!options.key.empty()) {
        auto key = Template::parse(options.key, labels, Template::Scope::record);
        if (key)
            sample->key = std::move(*key);
        else
            wrong.push_back({"key", key.error().message});
    }
    if (!wrong.empty()) return std::unexpected(std::move(wrong));
    return sample;
}

}  // namespace process
