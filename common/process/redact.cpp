#include "common/process/redact.h"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/crypto/digest.h"
#include "common/crypto/encoding.h"
#include "common/process/card_number.h"
#include "common/process/pattern.h"

namespace process {

namespace {

constexpr std::size_t kHashBytes = 8;

struct Preset {
    const char* pattern;
    std::string_view prefix = {};  // of what is found, and kept
};
// By RedactPreset. No pattern says what a card number is.
constexpr std::array<Preset, 4> kPresets = {
    Preset{.pattern = ""},
    Preset{.pattern = R"((?:\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{2,4}(?:[ -]?\d{2,4}){1,3}\b|\b1[3-9]\d{9}\b|)"
                      R"((?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b))"},
    Preset{.pattern = R"(\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b)"},
    Preset{.pattern = R"((?i:bearer) +[A-Za-z0-9._~+/=-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)",
           .prefix = "bearer "},
};

// Of what was found, how much stays in front of the replacement.
std::size_t kept_length(std::string_view found, std::string_view prefix) {
    if (found.size() <= prefix.size() || prefix.empty()) return 0;
    for (std::size_t i = 0; i < prefix.size(); ++i)
        if ((found[i] | 0x20) != prefix[i]) return 0;
    return std::min(found.find_first_not_of(' ', prefix.size()), found.size());
}

class Redact : public Processor {
 public:
    Redact(RedactOptions options, Pattern pattern) : options_(std::move(options)), pattern_(std::move(pattern)) {
        if (options_.preset) prefix_ = kPresets.at(static_cast<std::size_t>(*options_.preset)).prefix;
    }

    Verdict process(Record& record) override {
        if (options_.fields.empty()) {
            if (redact(record.line())) record.set_line(record.keep(out_));
            return Verdict::keep;
        }
        for (const auto& name : options_.fields) {
            auto* field = record.find(name);
            const bool has_text = field && (field->kind == Value::Kind::text || field->kind == Value::Kind::number);
            if (has_text && redact(field->text)) *field = Value::of_text(record.keep(out_));
        }
        return Verdict::keep;
    }

 private:
    std::optional<Pattern::Found> find(std::string_view text, std::size_t from) const {
        return options_.preset == RedactPreset::card ? find_card_number(text, from) : pattern_.find(text, from);
    }

    // True: something was found, and `out_` is the text without it.
    bool redact(std::string_view text) {
        out_.clear();
        std::size_t done = 0;
        for (std::size_t from = 0; from <= text.size();) {
            const auto found = find(text, from);
            if (!found) break;
            from = found->begin + std::max<std::size_t>(found->size, 1);
            const auto what = text.substr(found->begin, found->size);
            if (what.empty()) continue;
            const auto kept = kept_length(what, prefix_);
            out_.append(text.substr(done, found->begin + kept - done));
            append_replacement(what.substr(kept));
            done = from;
        }
        if (done == 0) return false;
        out_.append(text.substr(done));
        return true;
    }

    void append_replacement(std::string_view what) {
        if (options_.hash_key.empty())
            out_ += options_.replacement;
        else
            out_ += crypto::to_hex(crypto::hmac_sha256(options_.hash_key, what).substr(0, kHashBytes));
    }

    RedactOptions options_;
    Pattern pattern_;
    std::string_view prefix_;
    std::string out_;
};

}  // namespace

Made make_redact(const RedactOptions& options) {
    std::vector<OptionError> wrong;
    if (options.preset.has_value() == !options.pattern.empty())
        wrong.push_back({"", options.preset ? "has a preset and a pattern (leave one of them out)"
                                            : "finds nothing (write preset or pattern)"});
    const auto* text =
        options.preset ? kPresets.at(static_cast<std::size_t>(*options.preset)).pattern : options.pattern.c_str();
    auto pattern = Pattern::compile(text);
    if (!pattern)
        wrong.push_back({"pattern", fmt::format("{} is no pattern: {}", base::quote(text), pattern.error().message)});
    if (!wrong.empty()) return std::unexpected(std::move(wrong));
    return std::make_unique<Redact>(options, std::move(*pattern));
}

}  // namespace process
