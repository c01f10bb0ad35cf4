// Templates over labels and path: "raw-{labels.idc}-{path.stem}".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/config.h"

namespace config {

// What a template may name. Everything here is constant for one file of one pipeline.
struct TemplateScope {
    const Labels& labels;
    std::string_view host;
    std::string_view pipeline;
    std::string_view path;  // {path}; {path.dir} and {path.name}; {path.stem} is the name up to its first dot
};

// A parsed template: literal text and names in turn. `{{` and `}}` stand for the braces themselves.
class Template {
 public:
    // Errors: an unclosed brace, an unknown name (the nearest known one is told), a label that `labels` does not have.
    static base::Result<Template> parse(std::string_view text, const Labels& labels);

    std::string fill(const TemplateScope& scope) const;
    bool is_constant() const;  // no name in it

 private:
    struct Part {
        enum class Kind { literal, host, pipeline, path, path_name, path_stem, path_dir, label };
        Kind kind;
        std::string text;
    };
    std::vector<Part> parts_;
};

}  // namespace config
